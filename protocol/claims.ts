import { ProtocolError, type ProtocolErrorCode } from './errors.ts';

/** How one claim stands. `claimed (not checked)`: it was said, and nothing that was given can check it. */
export type Verdict = 'ok' | 'failed' | 'claimed (not checked)' | 'not stated';

/** One thing that is claimed, and how it stands. */
export interface Claim {
  /** Stable name, such as `signature` or `chain`. */
  readonly claim: string;
  /** How it stands. */
  readonly verdict: Verdict;
  /** For people; the texts may change. */
  readonly detail: string;
}

export const ok = (claim: string, detail: string): Claim => ({ claim, verdict: 'ok', detail });
export const failed = (claim: string, detail: string): Claim => ({ claim, verdict: 'failed', detail });
export const claimed = (claim: string, detail: string): Claim => ({ claim, verdict: 'claimed (not checked)', detail });
export const notStated = (claim: string, detail: string): Claim => ({ claim, verdict: 'not stated', detail });

/** A claim that holds unless there is something wrong. */
export const unless = (claim: string, wrong: readonly (string | false)[], detail: string): Claim => {
  const found = wrong.filter((one) => one !== false);
  return found.length > 0 ? failed(claim, found.join('; ')) : ok(claim, detail);
};

/** Runs a check; what the protocol refuses is a claim that failed. Bugs go on. */
export function attempt<T>(claim: string, check: () => T): { value: T } | { claim: Claim; code: ProtocolErrorCode } {
  try {
    return { value: check() };
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return { claim: failed(claim, error.message), code: error.code };
  }
}
