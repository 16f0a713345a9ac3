import type { Dependency } from './readiness.ts';

export interface DependencyChecks {
  /** Every partition of `received` has a leader that answers. */
  readonly log: () => Promise<unknown>;
  readonly database: () => Promise<unknown>;
  /** null: there is none, as configured. */
  readonly ipfs: (() => Promise<unknown>) | null;
  /** How long ago the sweeper of removals last went through. */
  readonly sweptMsAgo: () => number;
  /** @throws where the list of revoked tokens is too old for any token to be taken */
  readonly revokedTokens: () => void;
}

/** Erasures wait for the sweeper, writes do not. */
const SWEEP_LATE_MS = 60_000;

/** What this API depends on. The registry of schemas is needed at the start only. */
export function dependenciesOf({ log, database, ipfs, sweptMsAgo, revokedTokens }: DependencyChecks): Dependency[] {
  return [
    { name: 'kafka', required: true, check: log },
    { name: 'postgresql', required: true, check: database },
    // Batches are taken without it; only what returns events waits.
    ...(ipfs === null ? [] : [{ name: 'ipfs', required: false, check: ipfs }]),
    {
      name: 'removals',
      required: false,
      async check() {
        if (sweptMsAgo() > SWEEP_LATE_MS) throw new Error('the sweeper of removals has not gone through for a minute');
      },
    },
    // What is signed is taken without it, every token is refused with 503.
    { name: 'revoked-tokens', required: false, check: async () => revokedTokens() },
  ];
}
