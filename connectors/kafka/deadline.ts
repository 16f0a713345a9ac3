import { RetriableError } from '../../services/pipeline/errors.ts';

/**
 * Rejects with RetriableError `kafka_timeout` when `work` has not settled after `ms`.
 * The work itself goes on, so whoever calls this throws away what it was done with.
 */
export function withDeadline<T>(work: Promise<T>, ms: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new RetriableError('kafka_timeout', `${what} took longer than ${ms} ms`)), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
