import { type Credential, toHex } from '../../../protocol/index.ts';
import { hasPassed } from '../../pipeline/clock.ts';
import type { TokenRevocation, TokenRevocations } from '../../pipeline/ports/token-revocations.ts';
import { ApiProblem } from '../problems.ts';

/** How often a process reads on. A revocation counts everywhere after so long, and at once where it was taken. */
export const REFRESH_MS = 5_000;
/** So long a list is believed. Then no token is taken: one of them may have been revoked. */
const STALE_MS = 15_000;
/** How often those that are over are forgotten. */
const FORGET_MS = 60_000;
/** Revocations in memory, about 100 bytes each: any key may end tokens that nobody ever saw. */
const MOST = 1_000_000;

/** The list of revoked tokens, as this process holds it. */
export interface RevokedTokens {
  /** Reads what came since the last reading. */
  refresh(): Promise<void>;
  /** What this process has just taken counts before the next reading. */
  add(revocation: TokenRevocation): void;
  /** @throws ApiProblem `overloaded` when the list is full */
  mustHaveRoom(): void;
  /** @throws ApiProblem `unavailable` when the list could not be read for 15 s */
  mustBeFresh(): void;
  /** @throws ApiProblem `token_revoked`, and as `mustBeFresh` */
  check(credential: Pick<Credential, 'ends'>): void;
}

export interface RevokedTokensDeps {
  readonly revocations: Pick<TokenRevocations, 'since'>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Milliseconds, monotonic. */
  readonly elapsed: () => number;
  /** For tests. */
  readonly staleMs?: number;
  /** For tests. */
  readonly most?: number;
}

/** Knows of no token until the first `refresh`: all are refused. */
export function createRevokedTokens({
  revocations,
  now,
  elapsed,
  staleMs = STALE_MS,
  most = MOST,
}: RevokedTokensDeps): RevokedTokens {
  /** Until when each counts. Only its time takes one away: a database that was put back to an earlier state does not. */
  const known = new Map<string, number>();
  let mark = 0;
  let readAt: number | null = null;
  let forgotAt = elapsed();

  function add({ author, token, until }: TokenRevocation): void {
    if (until <= now()) return;
    const name = nameOf(toHex(author), toHex(token));
    known.set(name, Math.max(until, known.get(name) ?? 0));
  }

  function forget(): void {
    if (!hasPassed(FORGET_MS, forgotAt, elapsed())) return;
    forgotAt = elapsed();
    for (const [name, until] of known) if (until <= now()) known.delete(name);
  }

  function mustBeFresh(): void {
    if (readAt === null || hasPassed(staleMs, readAt, elapsed()))
      throw new ApiProblem('unavailable', { detail: 'the list of revoked tokens cannot be read' });
  }

  return {
    mustBeFresh,
    add,

    async refresh() {
      const began = elapsed();
      mark = await revocations.since(mark, (page) => page.forEach(add));
      readAt = began;
      forget();
    },

    mustHaveRoom() {
      if (known.size >= most) throw new ApiProblem('overloaded', { detail: 'the list of revoked tokens is full' });
    },

    check({ ends }) {
      mustBeFresh();
      for (const { author, token } of ends)
        if ((known.get(nameOf(author, token)) ?? 0) > now()) throw new ApiProblem('token_revoked');
    },
  };
}

/** One byte a character. 16 bytes of the key are enough: the other half of the name is a token's id. */
const nameOf = (author: string, token: string): string =>
  Buffer.from(author.slice(0, 32) + token, 'hex').toString('latin1');
