import type { VoidReason } from '../../schemas/encrypted.ts';

/** What a step says of one record. Anything thrown is either a `RetriableError` (try again) or a bug (exit). */
export type Outcome<T> =
  | { readonly kind: 'ok'; readonly value: T }
  | { readonly kind: 'drop'; readonly reason: VoidReason }
  | { readonly kind: 'dlq'; readonly code: string; readonly cause: unknown };

export const ok = <T>(value: T): Outcome<T> => ({ kind: 'ok', value });
export const drop = (reason: VoidReason): Outcome<never> => ({ kind: 'drop', reason });
export const dlq = (code: string, cause: unknown): Outcome<never> => ({ kind: 'dlq', code, cause });
