import type { Claim, Verdict } from '../../protocol/index.ts';

const WIDTH = 'claimed (not checked)'.length;

/** One line per claim. */
export const shownClaims = (claims: readonly Claim[]): string[] =>
  claims.map(({ claim, verdict, detail }) => `  ${shownVerdict(verdict)}  ${claim.padEnd(12)}  ${detail}`);

const shownVerdict = (verdict: Verdict): string => (verdict === 'failed' ? 'FAILED' : verdict).padEnd(WIDTH);

/** The last line: what all of it comes to. */
export function shownSum(claims: readonly Claim[]): string {
  const count = (verdict: Verdict) => claims.filter((one) => one.verdict === verdict).length;
  const parts = [
    `${count('ok')} ok`,
    `${count('failed')} failed`,
    `${count('claimed (not checked)')} claimed, not checked`,
    `${count('not stated')} not stated`,
  ];
  return `verdict: ${count('failed') > 0 ? 'FAILED' : 'ok'} (${parts.join(', ')})`;
}
