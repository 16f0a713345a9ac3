import { toHex } from '../../protocol/index.ts';
import { RetriableError } from '../pipeline/errors.ts';
import type { Erasures, NamedErasure } from '../pipeline/ports/erasures.ts';
import type { Sink } from '../pipeline/ports/sink.ts';
import { type RepeatEdges, repeat } from '../pipeline/repeat.ts';
import { withRetry } from '../pipeline/retry.ts';
import type { ErasedOwners } from './erased-owners.ts';

/** Removals are read at least every second. Milliseconds. */
const FOLLOW_MS = 900;

export interface FollowEdges extends RepeatEdges {
  readonly erasures: Pick<Erasures, 'all' | 'open'>;
  /** Whose rows the sink has. */
  readonly app: Uint8Array;
  /** Told of erasures that the sink has applied and whose fence is known, each with how many rows it deleted. */
  readonly report: (applied: readonly (NamedErasure & { readonly rows: number })[]) => Promise<void>;
  readonly erased: ErasedOwners;
  readonly sink: Pick<Sink, 'erase'>;
  onApplied(owners: number, rows: number): void;
}

/** What goes on applying to the sink what is committed. */
export interface Following {
  /** All that was committed before is applied when it resolves: an erasure whose fence is not known yet is waited for. */
  now(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/**
 * Applies every erasure of the past, then keeps applying new ones. Nothing may be delivered before this resolves.
 * @returns once the past is applied; `close` ends the following, `now` applies what is known now
 */
export async function followErasures(edges: FollowEdges): Promise<Following> {
  const { erasures, app, report, erased, sink, onApplied } = edges;
  const reported = new Set<string>();
  const nameOf = ({ app, wallet, id }: NamedErasure) => Buffer.concat([app, wallet, id]).toString('hex');
  const ownerOf = ({ app, wallet }: { app: Uint8Array; wallet: Uint8Array }) => `${toHex(app)}/${toHex(wallet)}`;
  /** Rows deleted and not reported yet, by owner: the sink erases owners, and an owner may have several erasures. */
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

  /**
   * May fail anywhere and be called again: what is not done yet stays due, and nothing is reported before.
   * @returns those whose fence is not known yet: nothing is done about them
   */
  async function apply(read: () => ReturnType<Erasures['open']>): Promise<NamedErasure[]> {
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
    const unfenced = known.filter(({ fence }) => fence === null);
    const fenced = known.filter((one) => one.fence !== null && !reported.has(nameOf(one)));
    if (fenced.length === 0) return unfenced;
    await report(counted(fenced));
    for (const one of fenced) {
      reported.add(nameOf(one));
      deleted.delete(ownerOf(one));
    }
    return unfenced;
  }

  async function settle(): Promise<void> {
    const open = (await apply(erasures.all)).find((one) => toHex(one.app) === toHex(app));
    if (!open) return;
    throw new RetriableError(
      'erasure_open',
      `Wallet ${toHex(open.wallet)} was erased, and up to where is not stored yet: the API stores it within seconds`,
    );
  }

  const operation = 'erasures';
  const until = (signal: AbortSignal, work: () => Promise<unknown>) => withRetry({ ...edges, signal }, operation, work);
  await until(new AbortController().signal, () => apply(erasures.all));
  const look = async () => void (await apply(erasures.open));
  return {
    ...repeat({ operation, everyMs: FOLLOW_MS, look }, edges),
    now: async (signal) => void (await until(signal, settle)),
  };
}
