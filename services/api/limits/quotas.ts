import { toHex } from '../../../protocol/index.ts';
import type { App } from '../../pipeline/ports/apps.ts';
import type { Usage } from '../../pipeline/ports/usage.ts';
import { ApiProblem } from '../problems.ts';
import { policyOf, type RateState, rateLimitHeaders } from './rate-limit-headers.ts';

/** What a tier may write: events per period; null: no limit. Counted all the same. */
export interface TierQuota {
  readonly operations: number | null;
  readonly periodSeconds: number;
}

/** What was set aside for one batch. */
export interface Reserved {
  readonly state: RateState | null;
  /** It was not accepted after all. */
  giveBack(): void;
}

/**
 * Operations of apps by tier and period. Each process counts by itself and tells the database about once a second, in one statement, which answers
 * with the totals of all: so several processes together let in at most what the others accept within one such second too much. What a
 * process had not told when it was killed is not counted.
 */
export interface Quotas {
  /** @throws ApiProblem `quota_exceeded` when it does not fit into what is left */
  take(app: App, operations: number): Promise<Reserved>;
  /** What is left, as far as is known here. */
  stateOf(app: App): RateState | null;
  /** Tells the database what was counted since, and takes over the totals. */
  flush(): Promise<void>;
}

interface Entry {
  readonly app: Uint8Array;
  readonly period: number;
  /** Of all processes, as of the last flush. */
  total: number;
  /** Counted here since. */
  untold: number;
  /** Settled once `total` is known. */
  known: Promise<void> | null;
}

/** Entries in memory; those that have nothing to tell go first. */
const MOST = 10_000;

/** @param now milliseconds since the epoch */
export function createQuotas(
  usage: Pick<Usage, 'add'>,
  tiers: Readonly<Record<App['tier'], TierQuota>>,
  now: () => number,
): Quotas {
  const entries = new Map<string, Entry>();

  function entryOf({ app, tier }: App): Entry {
    const periodMs = tiers[tier].periodSeconds * 1000;
    const period = Math.floor(now() / periodMs) * periodMs;
    const key = `${toHex(app)} ${period}`;
    const found = entries.get(key);
    if (found) return found;
    if (entries.size >= MOST) for (const [old, { untold }] of entries) if (untold === 0) entries.delete(old);
    const entry: Entry = { app, period, total: 0, untold: 0, known: null };
    entries.set(key, entry);
    return entry;
  }

  async function load(entry: Entry): Promise<void> {
    entry.known ??= usage.add([{ app: entry.app, period: entry.period, operations: 0 }]).then(([total = 0]) => {
      entry.total = total;
    });
    try {
      await entry.known;
    } catch (error) {
      entry.known = null;
      throw error;
    }
  }

  function stateOf({ tier }: App, { period, total, untold }: Entry): RateState | null {
    const { operations, periodSeconds } = tiers[tier];
    if (operations === null) return null;
    const policy = policyOf('quota', operations, periodSeconds);
    return { policy, remaining: operations - total - untold, seconds: (period - now()) / 1000 + periodSeconds };
  }

  return {
    async take(app, operations) {
      const entry = entryOf(app);
      await load(entry);
      const state = stateOf(app, entry);
      if (state && operations > state.remaining) {
        const left = Math.max(0, state.remaining);
        throw new ApiProblem('quota_exceeded', {
          detail: `${left} of the ${state.policy.quota} events of this period are left, the batch has ${operations}; the next period begins in ${Math.ceil(state.seconds)} s`,
          retryAfter: Math.max(1, state.seconds),
          headers: rateLimitHeaders([state]),
        });
      }
      entry.untold += operations;
      let given = false;
      return {
        state: stateOf(app, entry),
        giveBack() {
          if (given) return;
          given = true;
          entry.untold -= operations;
        },
      };
    },

    stateOf(app) {
      const entry = entryOf(app);
      return entry.known === null ? null : stateOf(app, entry);
    },

    async flush() {
      const told = [...entries.values()].filter(({ untold }) => untold > 0);
      const amounts = told.map(({ untold }) => untold);
      const totals = await usage.add(told.map(({ app, period, untold }) => ({ app, period, operations: untold })));
      for (const [i, entry] of told.entries()) {
        // More may have been counted, or given back, meanwhile.
        entry.untold -= amounts[i] as number;
        entry.total = totals[i] as number;
      }
    },
  };
}
