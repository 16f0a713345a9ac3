import { type Credential, toHex } from '../../../protocol/index.ts';
import { hasPassed } from '../../pipeline/clock.ts';
import type { TokenRevocation, TokenRevocations } from '../../pipeline/ports/token-revocations.ts';
import { ApiProblem } from '../problems.ts';

/** How often a process reads the list. A revocation counts everywhere after so long, and at once where it was taken. */
export const REFRESH_MS = 5_000;
/** So long a list is believed. Then no token is taken: one of them may have been revoked. */
const STALE_MS = 15_000;

/** The list of revoked tokens, as this process holds it. */
export interface RevokedTokens {
  /** Reads the list anew. */
  refresh(): Promise<void>;
  /** What this process has just taken counts before the next reading. */
  add(revocation: TokenRevocation): void;
  /** @throws ApiProblem `unavailable` when the list could not be read for 15 s */
  mustBeFresh(): void;
  /** @throws ApiProblem `token_revoked`, and as `mustBeFresh` */
  check(credential: Pick<Credential, 'ends'>): void;
}

export interface RevokedTokensDeps {
  readonly revocations: Pick<TokenRevocations, 'live'>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Milliseconds, monotonic. */
  readonly elapsed: () => number;
  /** For tests. */
  readonly staleMs?: number;
}

/** Knows of no token until the first `refresh`: all are refused. */
export function createRevokedTokens({
  revocations,
  now,
  elapsed,
  staleMs = STALE_MS,
}: RevokedTokensDeps): RevokedTokens {
  let known: ReadonlySet<string> = new Set();
  /** Taken here: a reading that began before must not take them away again. */
  const own = new Map<string, number>();
  let readAt: number | null = null;
  function mustBeFresh(): void {
    if (readAt === null || hasPassed(staleMs, readAt, elapsed()))
      throw new ApiProblem('unavailable', { detail: 'the list of revoked tokens cannot be read' });
  }

  return {
    mustBeFresh,

    async refresh() {
      const began = elapsed();
      known = new Set((await revocations.live(now())).map(nameOf));
      readAt = began;
      for (const [name, until] of own) if (until <= now()) own.delete(name);
    },

    add(revocation) {
      own.set(nameOf(revocation), revocation.until);
    },

    check({ ends }) {
      mustBeFresh();
      for (const { author, token } of ends)
        if (known.has(author + token) || own.has(author + token)) throw new ApiProblem('token_revoked');
    },
  };
}

const nameOf = ({ author, token }: TokenRevocation): string => toHex(author) + toHex(token);
