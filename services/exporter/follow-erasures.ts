import type { Clock, Random } from '../pipeline/clock.ts';
import type { Erasures, NamedErasure } from '../pipeline/ports/erasures.ts';
import type { Sink } from '../pipeline/ports/sink.ts';
import { withRetry } from '../pipeline/retry.ts';
import type { ErasedOwners } from './erased-owners.ts';

/** Removals are read at least every second. Milliseconds. */
const FOLLOW_MS = 900;

export interface FollowEdges {
  readonly erasures: Erasures;
  /** Told of erasures that the sink has applied and whose fence is known. */
  readonly report: (applied: readonly NamedErasure[]) => Promise<void>;
  readonly erased: ErasedOwners;
  readonly sink: Pick<Sink, 'erase'>;
  readonly clock: Clock;
  readonly random: Random;
  onRetry(operation: string, attempt: number, error: unknown): void;
  onApplied(owners: number): void;
}

/**
 * Applies every erasure of the past, then keeps applying new ones. Nothing may be delivered before this resolves.
 * @returns once the past is applied; `close` ends the following, `failed` rejects when it cannot go on
 */
export async function followErasures(edges: FollowEdges): Promise<{ close(): Promise<void>; failed: Promise<never> }> {
  const { erasures, report, erased, sink, clock, random, onRetry, onApplied } = edges;
  const reported = new Set<string>();
  const nameOf = ({ app, wallet, id }: NamedErasure) => Buffer.concat([app, wallet, id]).toString('hex');
  const stopping = new AbortController();
  const retry = <T>(operation: string, attempt: () => Promise<T>) =>
    withRetry({ clock, random, signal: stopping.signal, onRetry }, operation, attempt);

  async function apply(read: () => ReturnType<Erasures['open']>): Promise<void> {
    const known = await retry('erasures', read);
    const owners = erased.learn(known);
    if (owners.length > 0) {
      await retry('erase', () => sink.erase(owners));
      onApplied(owners.length);
    }
    const fenced = known.filter((one) => one.fence !== null && !reported.has(nameOf(one)));
    if (fenced.length === 0) return;
    await retry('report', () => report(fenced));
    for (const one of fenced) reported.add(nameOf(one));
  }

  await apply(erasures.all);
  let fail: (error: unknown) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  const following = (async () => {
    while (!stopping.signal.aborted) {
      await clock.sleep(FOLLOW_MS, stopping.signal);
      await apply(erasures.open);
    }
  })().catch((error: unknown) => {
    if (!stopping.signal.aborted) fail(error);
  });
  return {
    failed,
    async close() {
      stopping.abort(new Error('the exporter stops'));
      await following;
    },
  };
}
