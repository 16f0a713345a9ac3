import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  type BatchReceipt,
  batchPayload,
  type Claim,
  fromHex,
  judgeReceipt,
  type KeyPair,
  keyPairFromSeed,
  signReceipt,
  toHex,
} from '../../protocol/index.ts';
import { example } from '../support/example.ts';
import { ddc, type SuiteSandbox, suiteSandbox } from '../support/sandbox.ts';

const NETWORK = 'cere-sandbox';

let it: SuiteSandbox;
let operator: KeyPair;
let key: string;
const file = (name: string) => join(it.suite.folder, name);
const verify = (...args: string[]) => ddc(['verify', '--operator-key', key, ...args]);
const witnesses = () => ['--ipfs', it.deployment.ipfsApi, '--chain', it.deployment.chainRpc];

interface Told {
  readonly ok: boolean;
  readonly documents: readonly { readonly claims: readonly Claim[] }[];
  readonly sessions: readonly {
    readonly session: string | null;
    readonly events: unknown[];
    readonly claims: readonly Claim[];
  }[];
  readonly claims: readonly Claim[];
}
const verdicts = (claims: readonly Claim[] = []) =>
  Object.fromEntries(claims.map(({ claim, verdict }) => [claim, verdict]));

beforeAll(async () => {
  it = await suiteSandbox('receipts', { rooms: ['api', 'encryptor', 'pinner', 'indexer', 'settler'] });
  const seed = (await readFile(it.sandbox.env.DDC_RECEIPT_SEED_FILE ?? '', 'utf8')).trim();
  operator = keyPairFromSeed('ed25519', fromHex(seed, 32));
  key = toHex(operator.publicKey);
}, 120_000);
afterAll(() => it?.close(), 60_000);

test('all sessions of a user were signed and went through consensus: the example, and `ddc verify --wallet`', async () => {
  const kept = file('kept.json');
  const recorded = await example('verify-sessions', 'record', it.deployment.api, key, kept);
  expect(recorded).toMatchObject({ code: 0, stderr: '' });
  const proved = await example('verify-sessions', 'verify', key, kept);
  expect(proved).toMatchObject({ code: 0, stderr: '' });
  expect(proved.stdout).toMatch(
    /^session morning: 3 events signed by the wallet, settled in block \d+ for \d+ planck$/m,
  );
  expect(proved.stdout).toMatch(/^session evening: 2 events signed/m);

  // The command that the example printed, with IPFS and the chain asked as well.
  const printed = recorded.stdout.match(/^ddc verify (.*)$/m)?.[1]?.split(' ') ?? [];
  const told = await ddc(['verify', ...printed, ...witnesses(), '--json']);
  expect([told.code, told.stderr]).toEqual([0, '']);
  const { ok, sessions, claims } = JSON.parse(told.stdout) as Told;
  expect([ok, sessions.map(({ session, events }) => [session, events.length])]).toEqual([
    true,
    expect.arrayContaining([
      ['morning', 3],
      ['evening', 2],
    ]),
  ]);
  for (const session of sessions)
    expect(verdicts(session.claims)).toEqual({
      ...{ signature: 'ok', operator: 'ok', settled: 'ok', inclusion: 'ok', remark: 'ok', chain: 'ok', storage: 'ok' },
    });
  expect(verdicts(claims)).toEqual({ complete: 'ok' });

  const one = await ddc(['verify', ...printed, '--session', 'morning']);
  expect([one.code, one.stdout.match(/^ {2}signed /gm)?.length]).toEqual([0, 3]);
  expect(one.stdout).toMatch(/^ {2}claimed \(not checked\) {2}chain /m);
  expect(await ddc(['verify', ...printed, '--session', 'noon'])).toMatchObject({ code: 1 });
  const stranger = printed.map((word, i) => (printed[i - 1] === '--wallet' ? '07'.repeat(32) : word));
  expect(await ddc(['verify', ...stranger])).toMatchObject({ code: 2 });

  // An event that is left out, or one of somebody else, is noticed.
  const { events, receipts } = JSON.parse(await readFile(kept, 'utf8'));
  await writeFile(file('less.json'), JSON.stringify({ events: events.slice(1), receipts }));
  expect(await example('verify-sessions', 'verify', key, file('less.json'))).toMatchObject({ code: 1 });
}, 180_000);

test('a time capsule: terms that were accepted, proved without the service, and opened only then', async () => {
  const [receipt, opening] = [file('receipt.json'), file('opening.json')];
  const accepted = await example('time-capsule', 'accept', it.deployment.api, key, receipt, opening);
  expect(accepted).toMatchObject({ code: 0, stderr: '' });
  expect(await readFile(receipt, 'utf8')).not.toContain('version 7');

  // Nobody but IPFS and the chain is asked.
  await it.sandbox.rooms.stop('api');
  const told = await verify(receipt, ...witnesses(), '--json');
  const { documents } = JSON.parse(told.stdout) as Told;
  expect([told.code, verdicts(documents[0]?.claims)]).toMatchObject([
    0,
    {
      operator: 'ok',
      signature: 'ok',
      event: 'ok',
      storage: 'ok',
      settled: 'ok',
      inclusion: 'ok',
      remark: 'ok',
      chain: 'ok',
    },
  ]);
  const shut = await example('time-capsule', 'verify', key, receipt);
  expect(shut).toMatchObject({ code: 0, stderr: '' });
  expect(shut.stdout).toMatch(/and not later than block \d+\nthe text stays closed/);
  const opened = await example('time-capsule', 'open', key, receipt, opening);
  expect(opened.stdout).toContain('the text: Terms and conditions, version 7: you may take your data with you.');
  const text = await readFile(opening, 'utf8');
  await writeFile(opening, text.replace('version 7', 'version 8'));
  expect(await example('time-capsule', 'open', key, receipt, opening)).toMatchObject({ code: 1 });

  // What the operator states about the chain is held against the chain.
  const { batch } = judgeReceipt(JSON.parse(await readFile(receipt, 'utf8')), { key: operator.publicKey });
  const stated = lies(batch as BatchReceipt);
  const lines = stated.map(([lie]) => `${JSON.stringify(signReceipt(NETWORK, batchPayload(lie), operator))}\n`);
  await writeFile(file('lies.ndjson'), lines.join(''));
  expect(await verify(file('lies.ndjson'))).toMatchObject({ code: 0 });
  const found = await verify(file('lies.ndjson'), '--chain', it.deployment.chainRpc);
  expect(found.code).toBe(1);
  expect(found.stdout.match(/FAILED .*$/gm)?.slice(0, -1)).toEqual(
    stated.map(([, says]) => expect.stringContaining(says)),
  );
}, 180_000);

/** The honest receipt, anchored elsewhere. */
function lies(stated: BatchReceipt): [lie: BatchReceipt, says: string][] {
  const { round } = stated.settlement;
  if (!round?.anchor) throw new Error('not final');
  const { block, extrinsic } = round.anchor;
  const anchored = (anchor: typeof round.anchor): BatchReceipt => ({
    ...stated,
    settlement: { ...stated.settlement, round: { ...round, anchor } },
  });
  return [
    [anchored({ block: { ...block, number: block.number + 1 }, extrinsic }), 'not finalized on this chain'],
    [anchored({ block: { ...block, number: 4_000_000_000 }, extrinsic }), 'not finalized on this chain'],
    [anchored({ block, extrinsic: block.hash }), 'the extrinsic is absent'],
  ];
}
