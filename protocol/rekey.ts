import { type Consent, currentPolicy, isLive } from './consent.ts';
import { LAST_EPOCH } from './keys.ts';
import type { VerifiedRequest } from './requests/request.ts';

/** Which epoch an owner is in, and which ends of grants and policies have already begun one. */
export interface Epochs {
  /** The newest that has begun, 0 to 2^32-1. */
  epoch: number;
  /** Ids of ended grants and policies, hex. */
  answered: readonly string[];
}

/**
 * What the end of a grant or policy asks for: a new epoch, so that keys given before do not open what is written after. One new epoch answers
 * everything that has ended since; a grant that no begun epoch lies under has leaked nothing. Asking again with the answer changes nothing.
 * @param owner 32-byte public keys, hex. @param now milliseconds since the epoch.
 */
export function rekey(consent: Consent, owner: { app: string; wallet: string }, epochs: Epochs, now: number): Epochs {
  const answered = new Set(epochs.answered);
  const policy = currentPolicy(consent, owner);
  const isOver = (one: VerifiedRequest<'grant'> | VerifiedRequest<'policy'>) =>
    !isLive(consent, one, now) || (one.kind === 'policy' && one.id !== policy?.id);
  const ended = [...consent.grants, ...consent.policies].filter(
    (one) => one.app === owner.app && one.wallet === owner.wallet && !answered.has(one.id) && isOver(one),
  );
  if (ended.length === 0) return epochs;
  const leaks = ended.some((one) => one.kind === 'policy' || one.content.fromEpoch <= epochs.epoch);
  return {
    // No request can bring an owner near the last one (a move names at most the middle); who is there stays there.
    epoch: leaks ? Math.min(epochs.epoch + 1, LAST_EPOCH) : epochs.epoch,
    answered: [...epochs.answered, ...ended.map((one) => one.id)],
  };
}
