import { toHex } from '../../protocol/index.ts';
import type { Erasures, NamedErasure } from '../pipeline/ports/erasures.ts';
import type { Sink } from '../pipeline/ports/sink.ts';
import { type RepeatEdges, repeat } from '../pipeline/repeat.ts';
import { withRetry } from '../pipeline/retry.ts';
import type { ErasedOwners } from './erased-owners.ts';

/** Removals are read at least every second. Milliseconds. */
const FOLLOW_MS = 900;

export interface FollowEdges extends RepeatEdges {
  readonly erasures: Erasures;
  /** Told of erasures that the sink has applied and whose fence is known, each with how many rows it deleted. */
  readonly report: (applied: readonly (NamedErasure & { readonly rows: number })[]) => Promise<void>;
  readonly erased: ErasedOwners;
  readonly sink: Pick<Sink, 'erase'>;
  onApplied(owners: number, rows: number): void;
}

/** What goes on applying to the sink what is committed. */
export interface Following {
  /** All that was committed before is applied when it resolves. */
  now(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/**
 * Applies every erasure of the past, then keeps applying new ones. Nothing may be delivered before this resolves.
 * @returns once the past is applied; `close` ends the following, `now` applies what is known now
 */
export async function followErasures(edges: FollowEdges): Promise<Following> {
  const { erasures, report, erased, sink, onApplied } = edges;
  const reported = new Set<string>();
  const nameOf = ({ app, wallet, id }: NamedErasure) => Buffer.concat([app, wallet, id]).toString('hex');
  const ownerOf = ({ app, wallet }: { app: Uint8Array; wallet: Uint8Array }) => `${toHex(app)}/${toHex(wallet)}`;
  /** Rows deleted and not reported yet, by owner: the sink erases owners, also while no fence is known, and an owner may have several erasures. */
  const deleted = new Map<string, number>();

  /** What an owner lost is said with the erasure of his that was signed last. */
  function counted(applied: readonly NamedErasure[]) {
    const unsaid = new Map(deleted);
    return [...applied]
      .sort((a, b) => b.issuedAt - a.issuedAt)
      .map((one) => {
        const rows = unsaid.get(ownerOf(one)) ?? 0;
        unsaid.delete(ownerOf(one));
        return { ...one, rows };
      });
  }

  /** May fail anywhere and be called again: what is not done yet stays due, and nothing is reported before. */
  async function apply(read: () => ReturnType<Erasures['open']>): Promise<void> {
    const known = await read();
    erased.learn(known);
    const due = erased.due();
    if (due.length > 0) {
      const rows = await sink.erase(due);
      for (const [i, { app, wallet }] of due.entries()) {
        const owner = `${app}/${wallet}`;
        deleted.set(owner, (deleted.get(owner) ?? 0) + (rows[i] ?? 0));
      }
      erased.done(due);
      onApplied(
        due.length,
        rows.reduce((sum, n) => sum + n, 0),
      );
    }
    const fenced = known.filter((one) => one.fence !== null && !reported.has(nameOf(one)));
    if (fenced.length === 0) return;
    await report(counted(fenced));
    for (const one of fenced) {
      reported.add(nameOf(one));
      deleted.delete(ownerOf(one));
    }
  }

  const operation = 'erasures';
  const now = (signal: AbortSignal) => withRetry({ ...edges, signal }, operation, () => apply(erasures.all));
  await now(new AbortController().signal);
  return { ...repeat({ operation, everyMs: FOLLOW_MS, look: () => apply(erasures.open) }, edges), now };
}
