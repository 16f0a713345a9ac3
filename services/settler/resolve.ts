import type { Fate, Inclusion } from '../pipeline/ports/chain.ts';
import type { OutboxRow, OutboxStep } from '../pipeline/ports/settlement-store.ts';

/** What happened to an outbox row. */
export type OutboxEvent =
  | { readonly kind: 'submitted' }
  | { readonly kind: 'included'; readonly inclusion: Inclusion }
  /** Included, but its block is no longer canonical. */
  | { readonly kind: 'vanished' }
  | { readonly kind: 'finalized'; readonly inclusion: Inclusion }
  | { readonly kind: 'expired' }
  | { readonly kind: 'usurped' };

/**
 * Judges a row by what the chain shows now.
 * @param deep whether the block of an `included` fate is finalized and 2 deep
 * @returns null when nothing is new: ask again, and send the bytes again while they are in no block
 */
export function decide(row: Pick<OutboxRow, 'state' | 'inclusion'>, fate: Fate, deep: boolean): OutboxEvent | null {
  switch (fate.kind) {
    case 'included': {
      const { kind: _, ...inclusion } = fate;
      if (deep)
        return row.state === 'final' && sameBlock(row.inclusion, inclusion) ? null : { kind: 'finalized', inclusion };
      return row.state === 'included' && sameBlock(row.inclusion, inclusion) ? null : { kind: 'included', inclusion };
    }
    case 'pending':
      return row.state === 'included' || row.state === 'final' ? { kind: 'vanished' } : null;
    default:
      return { kind: fate.kind };
  }
}

/** The row and its charges after an event. A charge is `final` only with a success that is final; one that failed goes alone, then is unpaid. */
export function evolve(row: Pick<OutboxRow, 'charges'>, event: OutboxEvent): OutboxStep {
  switch (event.kind) {
    case 'submitted':
    case 'vanished':
      return { state: 'sent', inclusion: null, rounds: row.charges.map((charge) => ({ ...charge, state: 'sent' })) };
    case 'included':
      return {
        state: 'included',
        inclusion: event.inclusion,
        rounds: row.charges.map((charge) => ({ ...charge, state: 'sent' })),
      };
    case 'finalized':
      return {
        state: 'final',
        inclusion: event.inclusion,
        rounds: row.charges.map((charge, item) => {
          if (!hasFailed(event.inclusion, item)) return { ...charge, state: 'final' };
          const tried = charge.alone || row.charges.length === 1;
          return { ...charge, state: tried ? 'unpaid' : 'cut', alone: true };
        }),
      };
    case 'expired':
    case 'usurped':
      return { state: event.kind, inclusion: null, rounds: row.charges.map((charge) => ({ ...charge, state: 'cut' })) };
  }
}

function hasFailed({ failed }: Inclusion, item: number): boolean {
  return failed === 'all' || failed.includes(item);
}

function sameBlock(a: Inclusion | null, b: Inclusion): boolean {
  return a !== null && a.block.number === b.block.number && Buffer.compare(a.block.hash, b.block.hash) === 0;
}
