import type { Limits } from '../unfit.ts';
import { holdsDay, holdsInstant } from './instant.ts';

/** What PostgreSQL cannot hold. */
export const LIMITS: Limits = {
  string: (value) => {
    if (value.includes('\0')) return 'holds the character U+0000, which PostgreSQL stores in no text';
    return value.isWellFormed() ? null : 'holds half of a surrogate pair, which is no UTF-8';
  },
  float: (value) => (Number.isFinite(value) ? null : 'is no finite number'),
  timestamp: (micros) => (holdsInstant(micros) ? null : 'is beyond the times of PostgreSQL'),
  date: (days) => (holdsDay(days) ? null : 'is beyond the days of PostgreSQL'),
};
