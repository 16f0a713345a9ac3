import type { BatchReceipt, Meta, StatedEvent, StatedSettlement } from '../../../protocol/index.ts';
import type { SettlementProof } from '../../pipeline/settlement-proof.ts';
import type { LiveBatch } from '../disclosures/disclosed-events.ts';

/** What is known of a batch when its receipt is asked for. */
export interface KnownBatch {
  readonly network: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly batch: LiveBatch;
  /** Null where the client encrypted it: the service has no key to open it. */
  readonly meta: Meta | null;
  readonly settled: SettlementProof | null;
}

/** Pure: what a receipt of a batch, or of one event of it, states. */
export function statedBatch(known: KnownBatch, event: StatedEvent | null = null): BatchReceipt {
  const { network, now, batch, meta, settled } = known;
  const { batchId, app, wallet, partition, origin, body } = batch;
  const { count, source, seq, signer, issuedAt } = body.summary;
  return {
    ...{ kind: event === null ? 'batch' : 'event', network, issuedAt: now, position: { partition, offset: origin } },
    batch: {
      ...{ id: batchId, app, wallet, content: body.mode === 'client' ? 'unchecked' : 'checked' },
      signed: meta && { header: meta.header, root: meta.root },
      declared: meta === null ? { count, source, seq, signer, issuedAt } : null,
    },
    event,
    storage: { cluster: body.cluster, segment: body.segment, slot: body.slot, hash: body.hash, bytes: body.bytes },
    settlement: statedSettlement(settled),
  };
}

function statedSettlement(settled: SettlementProof | null): StatedSettlement {
  if (settled === null) return { state: 'pending', round: null };
  const { hash, operations, bytes, fee, round, index, count, proof, root, remark, state, block, extrinsicHash } =
    settled;
  const anchor = block && extrinsicHash && { block: { ...block }, extrinsic: extrinsicHash };
  return {
    state: anchor ? 'final' : state === 'unpaid' ? 'unpaid' : 'pending',
    round: { round, leaf: { hash, count: operations, bytes, fee }, index, leaves: count, proof, root, remark, anchor },
  };
}
