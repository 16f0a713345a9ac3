import type { SettlementStatus } from '../../services/pipeline/ports/settlement-status.ts';
import type { Database } from './database.ts';

const keyOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** What the API reads of settlements. */
export function createSettlementStatus({ kysely }: Database): SettlementStatus {
  return {
    async isFinal(batchIds) {
      if (batchIds.length === 0) return [];
      const rows = await kysely
        .selectFrom('leaves as l')
        .leftJoin('rounds as r', (join) => join.onRef('r.round', '=', 'l.round').onRef('r.app', '=', 'l.app'))
        .select(['l.batch_id', 'r.state'])
        .where('l.batch_id', 'in', batchIds)
        .execute();
      const states = new Map(rows.map(({ batch_id, state }) => [keyOf(batch_id), state ?? 'cut']));
      return batchIds.map((id) => {
        const state = states.get(keyOf(id));
        if (state === undefined) return null;
        return state === 'final' || state === 'unpaid' ? state : 'pending';
      });
    },
  };
}
