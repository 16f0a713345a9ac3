import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { disclose, ready, signReceipt, toHex, verifyBatch } from '../../protocol/index.ts';
import { Chances } from '../../test/model/random.ts';
import { command } from '../../test/support/crypto-command.ts';
import { operator, type StatedReceipt, statedBatchOf, statedReceipt } from '../../test/support/stated-receipts.ts';
import { documentsOf, judgeDocument } from './documents.ts';

const CLAIMED = 'claimed (not checked)';
/** A process that tries to reach anybody, or only loads a library that could, ends with an error. */
const ALONE = [
  '--import',
  `data:text/javascript,${encodeURIComponent(`
    import { register } from 'node:module';
    import net from 'node:net';
    import dns from 'node:dns';
    const refuse = () => { throw new Error('the network was tried'); };
    Object.assign(net.Socket.prototype, { connect: refuse });
    Object.assign(dns, { lookup: refuse });
    globalThis.fetch = globalThis.WebSocket = refuse;
    register('data:text/javascript,' + encodeURIComponent(\`
      export async function resolve(specifier, context, next) {
        if (/^(@polkadot.(api|rpc-)|ipfs-http-client|kafkajs|pg$|ws$|undici|express)/.test(specifier))
          throw new Error('a library of the network was loaded: ' + specifier);
        return next(specifier, context);
      }\`));
  `)}`,
];

let folder = '';
let key = '';
let batch: StatedReceipt;
let event: StatedReceipt;
const lines = (...documents: unknown[]) => documents.map((one) => `${JSON.stringify(one)}\n`).join('');

beforeAll(async () => {
  await ready();
  folder = await mkdtemp(join(tmpdir(), 'ddc-verify-'));
  key = toHex(operator().publicKey);
  [batch, event] = [statedReceipt('batch'), statedReceipt('event')];
});
afterAll(() => rm(folder, { recursive: true }));

async function kept(text: string): Promise<string> {
  const file = join(folder, 'kept.ndjson');
  await writeFile(file, text);
  return file;
}
const judge = (bytes: Uint8Array) => documentsOf(bytes).map((one) => judgeDocument(one, { key: operator().publicKey }));

const disclosure = () => disclose(verifyBatch(statedBatchOf(), { network: 'cere-testnet' }), 1, ['purchase']);
const erasure = () =>
  signReceipt(
    'cere-testnet',
    { v: 1, kind: 'erasure', network: 'cere-testnet', wallet: new Uint8Array(32) },
    operator(),
  );

describe('a file, with the network off', () => {
  test('of receipts and a disclosure: a verdict a claim; what nobody was asked stays a claim', async () => {
    const file = await kept(lines(batch.receipt, event.receipt, disclosure(), erasure()));
    const told = await command(['verify', file, '--operator-key', key], '', ALONE);
    expect([told.code, told.err]).toEqual([0, '']);
    expect(told.out).toMatch(/^ {2}ok {21}signature {5}signed by wallet [0-9a-f]{64} \(ed25519\)/m);
    expect(told.out).toMatch(/^ {2}claimed \(not checked\) {2}chain {9}block 4711 /m);
    expect(told.out).toMatch(/^ {2}ok {21}content {7}purchase "{\\"sum\\":1}", profile closed$/m);
    expect(told.out).toMatch(/^verdict: ok \(\d+ ok, 0 failed, /m);
    expect(told.out).not.toMatch(/^ {2}ok +chain/m);

    const { code, out } = await command(['verify', file, '--operator-key', key, '--json'], '', ALONE);
    const { ok, documents } = JSON.parse(out) as {
      ok: boolean;
      documents: { document: string; claims: { claim: string; verdict: string }[] }[];
    };
    expect([code, ok, documents.map(({ document }) => document)]).toEqual([
      0,
      true,
      ['receipt', 'receipt', 'disclosure', 'receipt'],
    ]);
    expect(documents[0]?.claims.find(({ claim }) => claim === 'chain')?.verdict).toBe(CLAIMED);
  });

  test('the control: whoever is to be asked is what the trap notices', async () => {
    const file = await kept(lines(batch.receipt));
    for (const option of ['--chain=ws://127.0.0.1:1', '--ipfs=http://127.0.0.1:1']) {
      const told = await command(['verify', file, '--operator-key', key, option], '', ALONE);
      expect([told.code, told.out]).toEqual([1, '']);
      expect(told.err).toContain('a library of the network was loaded');
    }
  });

  test('from standard input, and as the API answers the state of a removal', async () => {
    const piped = await command(['verify', '-', '--operator-key', key], lines(batch.receipt));
    expect([piped.code, piped.err]).toEqual([0, '']);
    const state = JSON.stringify({ id: '00', state: 'done', receipts: [erasure(), erasure()] }, null, 2);
    const judged = judge(Buffer.from(state));
    expect(judged.map(({ ok, title }) => [ok, title])).toEqual(
      new Array(2).fill([true, `receipt of kind erasure for wallet ${'0'.repeat(64)}`]),
    );
  });

  test('a disclosure alone needs nobody’s key', async () => {
    const file = await kept(lines(disclosure()));
    expect(await command(['verify', file])).toMatchObject({ code: 0, err: '' });
    expect(await command(['verify', file, '--network', 'cere-mainnet'])).toMatchObject({ code: 1 });
  });
});

describe('what was changed', () => {
  test('1,000 random changes of any byte of a receipt’s payload or signature in its file fail', () => {
    const seed = Math.floor(Math.random() * 2 ** 32);
    const chances = new Chances(seed);
    const survivors: string[] = [];
    for (let i = 0; i < 1_000; i += 1) {
      const changed = changedFile([batch, event][i % 2] as StatedReceipt, chances);
      if (judge(changed).every(({ ok }) => ok)) survivors.push(Buffer.from(changed).toString('latin1'));
    }
    expect({ seed, survivors }).toEqual({ seed, survivors: [] });
  });

  test('is exit code 1, and said', async () => {
    const chances = new Chances(1);
    for (const receipt of [batch, event]) {
      const file = await kept('');
      await writeFile(file, changedFile(receipt, chances));
      const { code, out } = await command(['verify', file, '--operator-key', key]);
      expect(code).toBe(1);
      expect(out).toMatch(/^ {2}FAILED/m);
      expect(out).toMatch(/^verdict: FAILED/m);
    }
  });

  test.each<[name: string, text: () => string]>([
    [
      'one bad line among good ones',
      () => lines(batch.receipt, { ...event.receipt, signature: batch.receipt.signature }, batch.receipt),
    ],
    ['a file cut short', () => lines(batch.receipt).slice(0, -9)],
    ['a file of something else', () => 'hello\n'],
    ['an empty file', () => ''],
    ['a disclosure of other content', () => lines(disclosure()).replace('sum', 'sun')],
  ])('%s fails', (_name, text) => {
    expect(judge(Buffer.from(text())).every(({ ok }) => ok)).toBe(false);
  });
});

/** One byte of payload or signature is another one. */
function changedFile({ receipt }: StatedReceipt, chances: Chances): Uint8Array {
  const bytes = Buffer.from(lines(receipt));
  const places = [receipt.payload, receipt.signature].flatMap((text) => {
    const first = bytes.indexOf(text);
    return Array.from({ length: text.length }, (_, i) => first + i);
  });
  const at = chances.pick(places);
  bytes[at] = (bytes[at] as number) ^ (1 + chances.below(255));
  return bytes;
}

describe('asked wrongly is exit code 2', () => {
  test.each<[name: string, args: (file: string) => string[], says: string]>([
    ['no file', () => ['verify'], 'Name a file'],
    ['a receipt and no pinned key', (file) => ['verify', file], 'Give --operator-key'],
    ['a file that is not there', (file) => ['verify', `${file}.gone`, '--operator-key', key], 'cannot be read'],
    ['a key that is none', (file) => ['verify', file, '--operator-key', file], '64 lower-case hex digits'],
    [
      'a node that does not answer',
      (file) => ['verify', file, '--operator-key', key, '--ipfs', 'http://127.0.0.1:1'],
      '--ipfs: ',
    ],
    ['an option that is not known', (file) => ['verify', file, '--trust'], "unknown option '--trust'"],
  ])('%s', async (_name, args, says) => {
    const { code, out, err } = await command(args(await kept(lines(batch.receipt))));
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(says);
  });

  test('the key may be a kept answer of the API', async () => {
    const pinned = join(folder, 'key.json');
    await writeFile(pinned, JSON.stringify({ key }));
    expect(await command(['verify', await kept(lines(batch.receipt)), '--operator-key', pinned])).toMatchObject({
      code: 0,
    });
  });
});
