import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { z } from 'zod';
import { each } from '../../connectors/sinks/s3/change.ts';
import { s3Client } from '../../connectors/sinks/s3/client.ts';
import { numberedLog } from '../../connectors/sinks/s3/numbered.ts';
import { s3Store } from '../../connectors/sinks/s3/s3-store.ts';
import type { ObjectStore } from '../../connectors/sinks/s3/store.ts';
import { type S3, startS3 } from '../support/s3.ts';
import { refusal, type S3Proxy, startS3Proxy } from '../support/s3-proxy.ts';

let s3: S3;
let proxy: S3Proxy;
let store: ObjectStore;
let folder: string;
let prefix: string;
const clientOf = (endpoint: string) => s3Client({ endpoint, region: 'us-east-1', keys: s3.keys, timeoutMs: 30_000 });

beforeAll(async () => {
  s3 = await startS3();
  proxy = await startS3Proxy(s3.endpoint, s3.bucket);
}, 300_000);
afterAll(async () => {
  proxy.close();
  await s3.close();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ddc-store-'));
  prefix = `${randomBytes(4).toString('hex')}/`;
  store = s3Store(clientOf(proxy.endpoint), s3.bucket, prefix);
});
afterEach(async () => {
  store.close();
  await rm(folder, { recursive: true, force: true });
});

it('of many who create one name, one does; and replaces only what was read', async () => {
  const made = await Promise.all(Array.from({ length: 8 }, (_, n) => store.create('one', `${n}`)));
  expect(made.filter(Boolean)).toHaveLength(1);
  const first = await store.read('one');
  expect(first?.text).toBe(String(made.indexOf(true)));
  expect(await store.read('one', first ?? undefined)).toBe(first);
  expect(await store.replace('one', 'next', first?.version ?? '')).toBe(true);
  expect(await store.replace('one', 'late', first?.version ?? '')).toBe(false);
  expect(await store.replace('one', 'late', null)).toBe(false);
  expect((await store.read('one', first ?? undefined))?.text).toBe('next');
  expect(await store.read('two')).toBeNull();
  expect(await store.replace('two', 'x', '"0"')).toBe(false);
});

it('moves large files in parts, and back, and copies what has strange names', async () => {
  const [from, to] = [join(folder, 'from'), join(folder, 'to')];
  const bytes = randomBytes(17 * 1024 * 1024);
  await writeFile(from, bytes);
  proxy.seen.splice(0);
  await store.upload(from, 'a+b/Ü %1=.bin');
  expect(proxy.seen.filter(({ query }) => query.includes('partNumber'))).toHaveLength(2);
  expect(await store.copy('a+b/Ü %1=.bin', 'copy.bin', false)).toBe(true);
  expect(await store.download('copy.bin', to)).toBe(true);
  expect((await readFile(to)).equals(bytes)).toBe(true);
  expect(await store.copy('gone', 'copy.bin', true)).toBe(false);
  expect(await store.download('gone', to)).toBe(false);
  expect(await store.unfinished('')).toEqual([]);
}, 30_000);

it('lists and deletes more than one answer or request holds', async () => {
  const source = join(folder, 'x');
  await writeFile(source, 'x');
  const names = Array.from({ length: 1_001 }, (_, n) => `many/${String(n).padStart(4, '0')}`);
  await store.upload(source, names[0] ?? '');
  await each(names.slice(1), (name) => store.copy(names[0] ?? '', name, true));
  const listed = await store.list('many/');
  expect(listed.map(({ name }) => name)).toEqual(names);
  expect(listed.every(({ bytes, time }) => bytes === 1 && Math.abs(time - store.now()) < 60_000)).toBe(true);
  expect(await store.folders('')).toEqual(['many']);
  await store.remove([...names, 'never']);
  expect(await store.list('')).toEqual([]);
}, 60_000);

it('finds uploads that were never ended, and ends them', async () => {
  const large = join(folder, 'large');
  await writeFile(large, randomBytes(17 * 1024 * 1024));
  proxy.fate = ({ method, query }) =>
    method === 'DELETE' || (method === 'POST' && query.includes('uploadId'))
      ? refusal(403, 'AccessDenied')
      : { kind: 'pass' };
  await expect(store.upload(large, 'staging/left')).rejects.toMatchObject({ name: 'AccessDenied' });
  proxy.fate = () => ({ kind: 'pass' });
  const [left, ...more] = await store.unfinished('staging/');
  expect([left?.name, more]).toEqual(['staging/left', []]);
  await store.abort(left ?? { name: '', id: '' });
  await store.abort(left ?? { name: '', id: '' });
  expect(await store.unfinished('staging/')).toEqual([]);
}, 30_000);

it('finds the end of a long log with few questions', async () => {
  const log = () => numberedLog(store, 'log', z.number());
  const writer = log();
  expect(await writer.last()).toEqual({ number: 0, entry: null });
  for (let n = 1; n <= 100; n += 1) expect(await writer.append(n, n)).toBe(true);
  expect(await writer.append(100, 0)).toBe(false);
  proxy.seen.splice(0);
  const reader = log();
  expect(await reader.last()).toEqual({ number: 100, entry: 100 });
  expect(proxy.seen.length).toBeLessThanOrEqual(14);
  await writer.append(101, 101);
  expect(await reader.last()).toEqual({ number: 101, entry: 101 });
}, 30_000);
