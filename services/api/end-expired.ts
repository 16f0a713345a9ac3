import type { Consents } from '../pipeline/ports/consents.ts';
import type { Repeated } from '../pipeline/repeat.ts';

/** Each is locked until its page is done: few enough for the database's table of locks. */
const OWNERS_PER_LOOK = 100;

/** Begins new epochs where grants or policies have expired, within about a second. Several processes may do it at once. */
export const endExpired = (consents: Pick<Consents, 'answerExpired'>, now: () => number): Repeated => ({
  operation: 'expired consent',
  everyMs: 1_000,
  async look(signal) {
    while ((await consents.answerExpired(now(), OWNERS_PER_LOOK)) === OWNERS_PER_LOOK && !signal.aborted);
  },
});
