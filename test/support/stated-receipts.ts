import {
  type BatchReceipt,
  batchId,
  batchPayload,
  blake2b256,
  blockCid,
  type ChainFacts,
  closeEvent,
  type Event,
  encodeCbor,
  fromHex,
  inclusionProof,
  keyPairFromSeed,
  leafOf,
  type Receipt,
  remark,
  rootOf,
  type SignRequest,
  settlementLeaf,
  signBatch,
  signReceipt,
  toHex,
  utf8,
} from '../../protocol/index.ts';

const NETWORK = 'cere-testnet';
const seeded = (label: string, length = 32) => blake2b256(utf8(`receipts ${label}`)).slice(0, length);

/** Whose receipts these are. */
export const operator = () => keyPairFromSeed('ed25519', seeded('operator'));

/** A receipt with everything that it speaks of, made out of nothing: what it states holds in every point. */
export interface StatedReceipt {
  readonly receipt: Receipt;
  readonly stated: BatchReceipt;
  /** The block of its segment. */
  readonly segment: Uint8Array;
  /** What the chain has of it. */
  readonly chain: ChainFacts;
}

const eventOf = (i: number): Event => ({
  id: `0199dd8d-cba7-7d22-9453-add6ffb9377${i}`,
  type: 'PURCHASE',
  time: '2026-02-03T04:05:06.000Z',
  session: `session ${i % 2}`,
  scopes: {
    purchase: { salt: toHex(seeded(`purchase ${i}`, 16)), data: `{"sum":${i}}` },
    profile: { salt: toHex(seeded(`profile ${i}`, 16)), data: '{"name":"Alice"}' },
  },
});

/** The signed batch of these receipts: always the same bytes. */
export function statedBatchOf(over: Partial<SignRequest> = {}) {
  const wallet = keyPairFromSeed('ed25519', seeded('wallet'));
  return signBatch({
    ...{ network: NETWORK, app: toHex(seeded('app')), wallet: toHex(wallet.publicKey) },
    ...{ source: toHex(seeded('source', 16)), seq: 3, issuedAt: 1_770_091_506_000, signer: 'wallet', wrap: 'none' },
    ...{ algorithm: 'ed25519', events: [0, 1, 2].map(eventOf), keyPair: wallet },
    ...over,
  });
}

/** An honest receipt of a batch of three events, second in its segment and in its round, or of its second event. */
export function statedReceipt(kind: 'batch' | 'event' = 'batch', leaves = 3): StatedReceipt {
  const { header, events } = statedBatchOf();
  const tree = events.map(leafOf);
  const root = rootOf(tree);
  const id = batchId(header, root);
  const app = fromHex(header.app, 32);
  const envelope = (label: string) => new Uint8Array([...seeded(label), ...seeded(`${label} too`), ...seeded('end')]);
  const stored = (label: string, of: readonly Event[]) => ({
    ...{ subject: seeded('subject'), app, epoch: 0, meta: envelope(`meta ${label}`) },
    events: of.map((event) =>
      Object.fromEntries(Object.keys(event.scopes).map((scope) => [scope, envelope(`${event.id} ${scope}`)])),
    ),
  });
  const mine = stored('mine', events);
  const segment = encodeCbor({ v: 1, batches: [stored('other', events.slice(1)), mine] });
  const hash = blake2b256(encodeCbor(mine));
  const bytes = 7 * envelope('').length;

  const leaf = { hash, count: 3, bytes, fee: 12_345n };
  const index = leaves > 1 ? 1 : 0;
  const hashes = Array.from({ length: leaves }, (_, i) =>
    settlementLeaf(
      i === index ? { ...leaf, batchId: id } : { ...leaf, batchId: seeded(`batch ${i}`), hash: seeded(`${i}`) },
    ),
  );
  const sums = { leaves, operations: 3 * leaves, bytes: bytes * leaves, fee: leaf.fee * BigInt(leaves) };
  const settled = rootOf(hashes);
  const remarked = remark({ network: NETWORK, round: 17, app, root: settled, ...sums });
  const at = 1;
  const stated: BatchReceipt = {
    ...{ kind, network: NETWORK, issuedAt: 1_770_091_999_000, position: { partition: 2, offset: 1_234 } },
    batch: {
      id,
      app,
      wallet: fromHex(header.wallet, 32),
      content: 'checked',
      signed: { header, root },
      declared: null,
    },
    event:
      kind === 'batch'
        ? null
        : { index: at, proof: inclusionProof(tree, at), event: closeEvent(events[at] as Event), leaf: null },
    storage: { cluster: 'cere-testnet', segment: cidBytes(segment), slot: 1, hash, bytes },
    settlement: {
      state: 'final',
      round: {
        ...{ round: 17, leaf, index, leaves, proof: inclusionProof(hashes, index), root: settled, remark: remarked },
        anchor: { block: { number: 4_711, hash: seeded('block') }, extrinsic: seeded('extrinsic') },
      },
    },
  };
  const chain: ChainFacts = {
    canonical: true,
    extrinsic: 'succeeded',
    charges: [
      { remark: utf8('of another app'), amount: 1n },
      { remark: remarked, amount: sums.fee },
    ],
  };
  return { receipt: signed(stated), stated, segment, chain };
}

/** What the operator states, whatever it is. */
export const signed = (stated: BatchReceipt): Receipt => signReceipt(stated.network, batchPayload(stated), operator());

/** CIDv1, DAG-CBOR, BLAKE2b-256. */
function cidBytes(block: Uint8Array): Uint8Array {
  if (!blockCid(block).startsWith('b')) throw new Error('base32');
  return new Uint8Array([0x01, 0x71, 0xa0, 0xe4, 0x02, 0x20, ...blake2b256(block)]);
}
