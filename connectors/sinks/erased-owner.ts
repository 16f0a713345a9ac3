import { createHash } from 'node:crypto';
import type { RowOwner } from '../../services/pipeline/ports/sink.ts';

/** What a target knows of an erasure: `before` and `issuedAt` of a `RowOwner`, and whether its rows are gone. */
export interface ErasedOwner {
  readonly before: number;
  readonly issuedAt: number;
  readonly done: boolean;
}

/** What is known of erasures outlives the rows, so it names owners by a hash. */
export const ownerName = ({ app, wallet }: { readonly app: string; readonly wallet: string }): string =>
  createHash('sha256').update(`${app}/${wallet}`).digest('hex').slice(0, 32);

/** Counts rows of owners, each of whom was named once. */
export interface OwnerCounts {
  /** One for each owner, in order. */
  readonly counts: readonly number[];
  add(owner: { readonly app: string; readonly wallet: string }, rows: number): void;
}

export function ownerCounts(owners: readonly RowOwner[]): OwnerCounts {
  const numbers = new Map(owners.map(({ app, wallet }, n) => [`${app}/${wallet}`, n]));
  const counts = owners.map(() => 0);
  return {
    counts,
    add({ app, wallet }, rows) {
      const n = numbers.get(`${app}/${wallet}`);
      if (n !== undefined) counts[n] = (counts[n] ?? 0) + rows;
    },
  };
}

/** What is left to do of an order; null: nothing. An order older than what is known is taken for what is known. */
export function dueOf(owner: RowOwner, known: ErasedOwner | undefined): RowOwner | null {
  const { before, issuedAt, done } = known ?? { before: 0, issuedAt: -1, done: false };
  // One erasure may be fenced anew, and farther, by a database that was restored.
  const farther = owner.issuedAt === issuedAt && owner.before > before;
  if (owner.issuedAt > issuedAt || farther) return { ...owner, before: Math.max(owner.before, before) };
  return done ? null : { ...owner, before, issuedAt };
}
