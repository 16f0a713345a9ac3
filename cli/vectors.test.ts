import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { KINDS, ready } from '../protocol/index.ts';
import { root } from '../stack/root.mjs';
import { type Case, runCase } from './run-case.ts';
import { readCases } from './vectors.ts';

const file = (name: string) => fileURLToPath(new URL(`../test/vectors/${name}`, import.meta.url));

beforeAll(ready);

describe('vectors', () => {
  test('all 129 cases of two implementations that agree are reproduced', async () => {
    const verdicts = (await readCases(file('protocol-v1.json'))).map(runCase);
    expect(verdicts.filter((verdict) => !verdict.passed)).toEqual([]);
    expect(verdicts).toHaveLength(129);
  });

  test.each(['protocol-v1-extra.json', 'requests-v1.json', 'blobs-v1.json'])(
    '%s, of another implementation, is reproduced, and refusals carry the very code',
    async (name) => {
      const cases = await readCases(file(name));
      const verdicts = cases.map(runCase);
      expect(verdicts.filter((verdict) => !verdict.passed)).toEqual([]);
      const codes = verdicts.map((verdict) => [verdict.id, 'code' in verdict ? verdict.code : undefined]);
      expect(codes).toEqual(cases.map(({ id, error }) => [id, error]));
    },
  );

  test('nothing is skipped: an unknown operation, a wrong answer, a missing refusal and a crash all fail', () => {
    const salt = '00'.repeat(16);
    const bad = [
      { id: 'a', op: 'teleport', valid: false, in: {} },
      { id: 'b', op: 'toString', valid: false, in: {} },
      { id: 'c', op: 'commitment', valid: true, in: { salt, data: '' }, out: { commitment: salt } },
      { id: 'd', op: 'commitment', valid: false, in: { salt, data: '' } },
      { id: 'e', op: 'commitment', valid: false, in: { salt: 1, data: '' } },
      { id: 'f', op: 'commitment', valid: true, in: { salt, data: '' } },
    ];
    expect(bad.map((one) => runCase(one).passed)).toEqual(bad.map(() => false));
  });
});

/** What cases are about: operations, or a kind of signed request. */
const ITEMS: Readonly<Record<string, readonly string[]>> = {
  'root wrap': ['wrap_root', 'unwrap_root'],
  transit: ['transit_key', 'open_transit'],
  meta: ['seal_meta', 'open_meta'],
  'sealed scope key': ['open_scope_key'],
  'who may have which key': ['may_serve'],
  receipt: ['receipt', 'sign_receipt'],
  'settlement leaf': ['settlement_leaf'],
  remark: ['remark', 'parse_remark'],
  'chunk of a blob': ['blob_key', 'seal_blob_chunk', 'open_blob_chunk'],
  'top of a blob': ['blob_top', 'open_blob_top'],
};

/** The kind that a case of a signed request is about. */
function kindOf({ op, in: input }: Case): unknown {
  if (op === 'request') return (input.request as { kind?: unknown }).kind;
  return op === 'sign_request' ? (input.fields as { kind?: unknown }).kind : undefined;
}

const MADE = {
  'make-extra.mjs': 'protocol-v1-extra.json',
  'make-requests.mjs': 'requests-v1.json',
  'make-blobs.mjs': 'blobs-v1.json',
} as const;

describe('vectors of the second implementation', () => {
  let cases: Case[];
  beforeAll(async () => {
    cases = (await Promise.all(Object.values(MADE).map((name) => readCases(file(name))))).flat();
  });

  const subjects: [string, (one: Case) => boolean][] = [
    ...Object.entries(ITEMS).map(([item, ops]): [string, (one: Case) => boolean] => [
      item,
      ({ op }) => ops.includes(op),
    ]),
    ...Object.keys(KINDS).map((kind): [string, (one: Case) => boolean] => [
      kind === 'recipient' ? 'certificate' : kind,
      (one) => kindOf(one) === kind,
    ]),
  ];

  test.each(subjects)('%s: at least 5 cases, at least half of them negative, and some that hold', (_, isAbout) => {
    const about = cases.filter(isAbout);
    const negative = about.filter(({ valid }) => !valid).length;
    expect(about.length).toBeGreaterThanOrEqual(5);
    expect(negative).toBeGreaterThanOrEqual(Math.floor(about.length / 2));
    expect(about.length - negative).toBeGreaterThanOrEqual(2);
  });

  test.each(Object.entries(MADE))('%s makes %s to the byte, without a line of protocol/', async (maker, made) => {
    const imported = [...readFileSync(file(maker), 'utf8').matchAll(/\b(?:from|import)\s*\(?\s*'([^']+)'/g)];
    expect(
      imported.map((match) => match[1]).filter((name) => !/^(node:|@noble\/|@scure\/|@ipld\/)/.test(String(name))),
    ).toEqual([]);
    const folder = mkdtempSync(join(tmpdir(), 'ddc-vectors-'));
    try {
      symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
      cpSync(file(maker), join(folder, maker));
      await promisify(execFile)(process.execPath, [join(folder, maker)], { env: { ...process.env, NODE_OPTIONS: '' } });
      expect(readFileSync(join(folder, made), 'utf8') === readFileSync(file(made), 'utf8')).toBe(true);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
