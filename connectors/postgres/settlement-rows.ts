import { FatalError } from '../../services/pipeline/errors.ts';
import type { BlockRef, Inclusion } from '../../services/pipeline/ports/chain.ts';
import type { Leaf, OutboxRow, OutboxState, Round } from '../../services/pipeline/ports/settlement-store.ts';
import type { LeavesTable, OutboxTable, RoundsTable } from './migrations/030-settlement.ts';

type Row<T> = { readonly [K in keyof T]: K extends 'id' ? number : T[K] };

export const toLeaf = (row: Row<LeavesTable>): Leaf => ({
  batchId: row.batch_id,
  app: row.app,
  partition: row.partition,
  origin: row.origin,
  hash: row.hash,
  count: row.count,
  bytes: row.bytes,
  fee: BigInt(row.fee),
  seenAt: row.seen_at,
});

export const toRound = ({ outbox: _, published: __, fee, ...row }: Row<RoundsTable>): Round => ({
  ...row,
  fee: BigInt(fee),
});

export const toBlock = (row: { block_number: number | null; block_hash: Uint8Array | null }): BlockRef | null =>
  row.block_number === null || row.block_hash === null ? null : { number: row.block_number, hash: row.block_hash };

export function toOutboxRow(row: Row<OutboxTable>, charges: OutboxRow['charges']): OutboxRow {
  const { id, nonce, birth, death, bytes, hash, state } = row;
  return { id, nonce, birth, death, bytes, hash, state, inclusion: toInclusion(row), charges };
}

function toInclusion(row: Row<OutboxTable>): Inclusion | null {
  const block = toBlock(row);
  if (block === null) return null;
  if (row.block_index === null) throw new FatalError('broken_outbox', `Outbox row ${row.id} has a block and no index.`);
  return { block, index: row.block_index, failed: row.failed_items ?? 'all', error: row.error };
}

/** The columns of an outbox row that a step changes. */
export const inclusionColumns = (state: OutboxState, inclusion: Inclusion | null) => ({
  state,
  block_number: inclusion?.block.number ?? null,
  block_hash: inclusion?.block.hash ?? null,
  block_index: inclusion?.index ?? null,
  failed_items: inclusion === null || inclusion.failed === 'all' ? null : [...inclusion.failed],
  error: inclusion?.error ?? null,
});
