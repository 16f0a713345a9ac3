import type { Consents } from '../pipeline/ports/consents.ts';
import type { TokenRevocations } from '../pipeline/ports/token-revocations.ts';
import type { Usage } from '../pipeline/ports/usage.ts';
import type { Repeated } from '../pipeline/repeat.ts';
import { REFRESH_MS, type RevokedTokens } from './auth/revoked-tokens.ts';
import { endExpired } from './end-expired.ts';
import type { Quotas } from './limits/quotas.ts';

const HOUR_MS = 3_600_000;
/** How often what apps used is told to the database: several processes overshoot a quota by as much as they accept in this time. */
const FLUSH_MS = 1_000;

export interface LoopsDeps {
  readonly consents: Pick<Consents, 'answerExpired'>;
  readonly revocations: Pick<TokenRevocations, 'prune'>;
  readonly revokedTokens: Pick<RevokedTokens, 'refresh'>;
  readonly usage: Pick<Usage, 'forget'>;
  readonly quotas: Pick<Quotas, 'flush'>;
  /** Of the longest tier. */
  readonly periodMs: number;
  readonly keepKeys: Repeated['look'];
  readonly sweepBlobs: Repeated['look'];
  readonly sweepRemovals: Repeated['look'];
  readonly now: () => number;
}

/** What the API does again and again beside answering. Several processes may do each at once. */
export const apiLoops = (deps: LoopsDeps): readonly Repeated[] => [
  endExpired(deps.consents, deps.now),
  { operation: 'token-revocations', everyMs: REFRESH_MS, look: deps.revokedTokens.refresh },
  {
    operation: 'over-revocations',
    everyMs: 600_000,
    look: async () => void (await deps.revocations.prune(deps.now())),
  },
  { operation: 'keys', everyMs: 60_000, look: deps.keepKeys },
  { operation: 'blobs', everyMs: 10_000, look: deps.sweepBlobs },
  { operation: 'removals', everyMs: 500, look: deps.sweepRemovals },
  { operation: 'usage', everyMs: FLUSH_MS, look: () => deps.quotas.flush() },
  { operation: 'usage-forget', everyMs: HOUR_MS, look: () => deps.usage.forget(deps.now() - 2 * deps.periodMs) },
];
