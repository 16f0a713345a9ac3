import { beforeAll, describe, expect, test } from '@jest/globals';
import { Chances } from '../test/model/random.ts';
import { operator, type StatedReceipt, signed, statedReceipt } from '../test/support/stated-receipts.ts';
import {
  type BatchReceipt,
  type ChainFacts,
  fromBase64url,
  type JudgedReceipt,
  judgeReceipt,
  leafOf,
  ready,
  type StatedRound,
  signReceipt,
  toBase64url,
  toHex,
  type Verdict,
  type Witnesses,
} from './index.ts';

let pinned: { key: Uint8Array };
let batch: StatedReceipt;
let event: StatedReceipt;

beforeAll(async () => {
  await ready();
  pinned = { key: operator().publicKey };
  [batch, event] = [statedReceipt('batch'), statedReceipt('event')];
});

const verdicts = ({ claims }: JudgedReceipt) =>
  Object.fromEntries(claims.map(({ claim, verdict }) => [claim, verdict]));
const failures = ({ claims }: JudgedReceipt) =>
  claims.filter(({ verdict }) => verdict === 'failed').map(({ claim }) => claim);
const CLAIMED: Verdict = 'claimed (not checked)';
const ALONE = {
  ...{ operator: 'ok', batch: 'ok', signature: 'ok', accepted: CLAIMED, content: CLAIMED, storage: CLAIMED },
  ...{ settled: 'ok', inclusion: 'ok', remark: 'ok', chain: CLAIMED },
};

describe('an honest receipt', () => {
  test('of a batch holds by itself; what only IPFS and the chain can show stays a claim', () => {
    const judged = judgeReceipt(batch.receipt, pinned);
    expect(verdicts(judged)).toEqual(ALONE);
    expect([judged.ok, judged.kind]).toEqual([true, 'batch']);
    expect(judged.batch).toEqual(batch.stated);
  });

  test('of an event proves it under the signed root, and shows no content', () => {
    const judged = judgeReceipt(event.receipt, pinned);
    expect(verdicts(judged)).toEqual({ ...ALONE, event: 'ok' });
    const shown = Buffer.from(fromBase64url(event.receipt.payload)).toString('latin1');
    expect([shown.includes('purchase'), shown.includes('Alice')]).toEqual([true, false]);
  });

  test.each(['batch', 'event'] as const)('of kind %s is ok with the block of its segment and the chain', (kind) => {
    const { receipt, segment, chain } = statedReceipt(kind);
    const judged = judgeReceipt(receipt, pinned, { segment, chain });
    expect(verdicts(judged)).toMatchObject({ storage: 'ok', chain: 'ok' });
    expect(judged.ok).toBe(true);
  });

  test('of a round of one batch holds its remark to the very sums', () => {
    const { receipt, segment, chain } = statedReceipt('batch', 1);
    expect(judgeReceipt(receipt, pinned, { segment, chain }).ok).toBe(true);
  });
});

/** What somebody who holds the operator's key could state, and which claim notices. */
const round = (stated: BatchReceipt, change: Partial<StatedRound>): BatchReceipt => ({
  ...stated,
  settlement: { ...stated.settlement, round: { ...(stated.settlement.round as StatedRound), ...change } },
});
const other = new Uint8Array(32).fill(7);
const LIES: [name: string, claim: string, lie: (stated: BatchReceipt) => BatchReceipt][] = [
  ['another batch id', 'batch', (it) => ({ ...it, batch: { ...it.batch, id: other } })],
  ['another wallet', 'batch', (it) => ({ ...it, batch: { ...it.batch, wallet: other } })],
  [
    'another root',
    'signature',
    (it) => ({ ...it, batch: { ...it.batch, signed: it.batch.signed && { ...it.batch.signed, root: other } } }),
  ],
  [
    'another time of signing',
    'signature',
    (it) => ({
      ...it,
      batch: {
        ...it.batch,
        signed: it.batch.signed && { ...it.batch.signed, header: { ...it.batch.signed.header, issuedAt: 1 } },
      },
    }),
  ],
  [
    'another event',
    'event',
    (it) => ({
      ...it,
      event: it.event && { ...it.event, event: it.event.event && { ...it.event.event, type: 'REFUND' } },
    }),
  ],
  ['another place in the batch', 'event', (it) => ({ ...it, event: it.event && { ...it.event, index: 2 } })],
  [
    'a leaf of a removed event that never was',
    'event',
    (it) => ({ ...it, event: it.event && { ...it.event, event: null, leaf: other } }),
  ],
  ['another hash of what is stored', 'settled', (it) => ({ ...it, storage: { ...it.storage, hash: other } })],
  ['fewer bytes than were settled', 'settled', (it) => ({ ...it, storage: { ...it.storage, bytes: 1 } })],
  [
    'a segment that is no block of segments',
    'storage',
    (it) => ({ ...it, storage: { ...it.storage, segment: other } }),
  ],
  [
    'a smaller fee',
    'inclusion',
    (it) => round(it, { leaf: { ...(it.settlement.round as StatedRound).leaf, fee: 1n } }),
  ],
  ['another place in the round', 'inclusion', (it) => round(it, { index: 0 })],
  ['another round', 'remark', (it) => round(it, { round: 18 })],
  ['a remark of nothing', 'remark', (it) => round(it, { remark: new Uint8Array(3) })],
  ['more leaves than were remarked', 'remark', (it) => round(it, { leaves: 4 })],
];

describe('the operator states', () => {
  test.each(LIES)('%s: the claim `%s` fails', (_name, claim, lie) => {
    const judged = judgeReceipt(signed(lie(event.stated)), pinned);
    expect(judged.ok).toBe(false);
    expect(failures(judged)).toContain(claim);
  });

  test.each<[name: string, claim: string, witnesses: (it: StatedReceipt) => Witnesses]>([
    ['nothing is stored there', 'storage', () => ({ segment: null })],
    [
      'another block',
      'storage',
      ({ segment }) => ({ segment: segment.map((byte, i) => (i === 40 ? byte ^ 1 : byte)) }),
    ],
    ['the block was thrown away', 'chain', ({ chain }) => ({ chain: { ...chain, canonical: false } })],
    ['the extrinsic is not in it', 'chain', ({ chain }) => ({ chain: { ...chain, extrinsic: 'absent' } })],
    ['the extrinsic failed', 'chain', ({ chain }) => ({ chain: { ...chain, extrinsic: 'failed' } })],
    ['the charge was not paid', 'chain', ({ chain }) => ({ chain: { ...chain, charges: chain.charges.slice(0, 1) } })],
    ['less was paid', 'chain', ({ chain }) => ({ chain: less(chain) })],
  ])('but %s: the claim `%s` fails', (_name, claim, witnesses) => {
    expect(failures(judgeReceipt(batch.receipt, pinned, witnesses(batch)))).toEqual([claim]);
  });

  test('a batch in a slot that has another one', () => {
    const { stated, segment } = batch;
    const lie = signed({ ...stated, storage: { ...stated.storage, slot: 0 } });
    expect(failures(judgeReceipt(lie, pinned, { segment }))).toEqual(['storage']);
    const none = signed({ ...stated, storage: { ...stated.storage, slot: 2 } });
    expect(failures(judgeReceipt(none, pinned, { segment }))).toEqual(['storage']);
  });
});

const less = (chain: ChainFacts): ChainFacts => ({
  ...chain,
  charges: chain.charges.map((charge) => ({ ...charge, amount: charge.amount - 1n })),
});

describe('what is not known is not said to hold', () => {
  test('of a batch that the service cannot open, the signature is not stated', () => {
    const { stated } = batch;
    const { header } = stated.batch.signed as NonNullable<BatchReceipt['batch']['signed']>;
    const { count, seq, signer, issuedAt } = header;
    const declared = { count, source: new Uint8Array(16), seq, signer, issuedAt };
    const sealed: BatchReceipt = {
      ...stated,
      batch: { ...stated.batch, content: 'unchecked', signed: null, declared },
    };
    const judged = judgeReceipt(signed(sealed), pinned);
    expect(verdicts(judged)).toEqual({ ...ALONE, batch: 'not stated', signature: 'not stated', content: 'not stated' });
    expect(judged.batch?.batch.declared).toEqual(declared);
  });

  test.each(['pending', 'unpaid'] as const)('a settlement that is %s is not on the chain', (state) => {
    const { stated } = batch;
    const waiting = { state, round: null };
    expect(verdicts(judgeReceipt(signed({ ...stated, settlement: waiting }), pinned))).toMatchObject({
      chain: 'not stated',
      settled: 'not stated',
    });
    const cut = round({ ...stated, settlement: { ...stated.settlement, state } }, { anchor: null });
    expect(verdicts(judgeReceipt(signed(cut), pinned))).toMatchObject({
      chain: 'not stated',
      settled: 'ok',
      inclusion: 'ok',
    });
  });

  test('of a removed event its leaf is proved, and no more', () => {
    const { stated } = event;
    const removed = { ...(stated.event as NonNullable<BatchReceipt['event']>), event: null, leaf: leafAt(1) };
    const judged = judgeReceipt(signed({ ...stated, event: removed }), pinned);
    expect(verdicts(judged)).toEqual({ ...ALONE, event: 'ok' });
    expect(judged.claims.find(({ claim }) => claim === 'event')?.detail).toContain('removed');
  });
});

/** The leaf of the second event: the sibling in the proof of the first. */
function leafAt(index: number): Uint8Array {
  const { stated } = statedReceipt('event');
  const it = stated.event as NonNullable<BatchReceipt['event']>;
  if (it.index !== index || it.event === null) throw new Error('another event');
  return leafOf(it.event);
}

describe('only the pinned operator, in one spelling', () => {
  const change = (change: Record<string, unknown>) => ({ ...batch.receipt, ...change });
  test.each<[name: string, make: () => unknown]>([
    ['another key is pinned and named', () => ({ ...batch.receipt, key: toHex(other) })],
    ['padded base64url', () => change({ payload: `${batch.receipt.payload}=` })],
    ['base64 with + for -', () => change({ payload: batch.receipt.payload.replace(/[-_]/, '+') })],
    ['a line end in the payload', () => change({ payload: `${batch.receipt.payload}\n` })],
    ['set unused bits', () => change({ payload: withUnusedBits(batch.receipt.payload) })],
    ['the signature in capitals', () => change({ signature: batch.receipt.signature.toUpperCase() })],
    ['0x before the signature', () => change({ signature: `0x${batch.receipt.signature}` })],
    ['0x before the key', () => change({ key: `0x${batch.receipt.key}` })],
    ['a member too many', () => change({ note: '' })],
    ['no signature', () => change({ signature: undefined })],
    ['a list', () => [batch.receipt]],
    ['null', () => null],
    ['a payload of no network', () => signReceipt('cere-testnet', { v: 1, kind: 'batch' }, operator())],
    [
      'signed for another network than it states',
      () => signReceipt('cere-mainnet', { v: 1, kind: 'erasure', network: 'cere-testnet' }, operator()),
    ],
  ])('%s is refused', (_name, make) => {
    const judged = judgeReceipt(make(), pinned);
    expect([judged.ok, judged.kind, failures(judged)]).toEqual([false, null, ['operator']]);
  });

  test('of another key or network than is pinned', () => {
    expect(judgeReceipt(batch.receipt, { key: other }).ok).toBe(false);
    expect(judgeReceipt(batch.receipt, { ...pinned, network: 'cere-mainnet' }).ok).toBe(false);
    expect(judgeReceipt(batch.receipt, { ...pinned, network: 'cere-testnet' }).ok).toBe(true);
  });

  test('a form that this version does not know fails, though the operator signed it', () => {
    const stating = (more: object) =>
      signReceipt('cere-testnet', { v: 1, network: 'cere-testnet', ...more }, operator());
    expect(failures(judgeReceipt(stating({ kind: 'promise' }), pinned))).toEqual(['kind']);
    expect(failures(judgeReceipt(stating({ kind: 'batch', note: 1 }), pinned))).toEqual(['form']);
    expect(judgeReceipt(stating({ kind: 'erasure' }), pinned)).toMatchObject({ ok: true, kind: 'erasure' });
  });
});

/** The same bytes with a set bit that belongs to none; the payload is made to have such. */
function withUnusedBits(payload: string): string {
  const spare = { 2: 16, 3: 4 }[payload.length % 4];
  if (spare === undefined) return `${payload}A`;
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const at = letters.indexOf(payload.at(-1) as string);
  return payload.slice(0, -1) + letters[at + 1];
}

test('1,000 random changes of any byte of payload or signature, and 1,000 of any letter of their text, fail', () => {
  const seed = Math.floor(Math.random() * 2 ** 32);
  const chances = new Chances(seed);
  const survivors: string[] = [];
  for (let i = 0; i < 2_000; i += 1) {
    const { receipt } = i % 2 === 0 ? batch : event;
    const changed = i < 1_000 ? changedByte(receipt, chances) : changedLetter(receipt, chances);
    if (judgeReceipt(changed, pinned).ok) survivors.push(`${i}: ${JSON.stringify(changed)}`);
  }
  expect({ seed, survivors }).toEqual({ seed, survivors: [] });
  // The control: unchanged they pass.
  expect([judgeReceipt(batch.receipt, pinned).ok, judgeReceipt(event.receipt, pinned).ok]).toEqual([true, true]);
});

function changedByte(receipt: StatedReceipt['receipt'], chances: Chances) {
  const payload = fromBase64url(receipt.payload);
  const signature = Buffer.from(receipt.signature, 'hex');
  const at = chances.below(payload.length + signature.length);
  const into = at < payload.length ? payload : signature;
  const place = at < payload.length ? at : at - payload.length;
  into[place] = (into[place] as number) ^ (1 + chances.below(255));
  return { ...receipt, payload: toBase64url(payload), signature: signature.toString('hex') };
}

function changedLetter(receipt: StatedReceipt['receipt'], chances: Chances) {
  const name = chances.below(4) === 0 ? 'signature' : 'payload';
  const text = receipt[name];
  const at = chances.below(text.length);
  const letter = String.fromCharCode((text.charCodeAt(at) + 1 + chances.below(255)) % 256);
  return { ...receipt, [name]: text.slice(0, at) + letter + text.slice(at + 1) };
}
