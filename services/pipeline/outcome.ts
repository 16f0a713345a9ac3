import type { VoidReason } from '../../schemas/encrypted.ts';

/** Who sent a batch, where it could be read: kept in its void so that a wallet's seq shows no hole. */
export interface Sender {
  /** 16 bytes. */
  readonly source: Uint8Array;
  readonly seq: number;
}

/** What a step says of one record. Anything thrown is either a `RetriableError` (try again) or a bug (exit). */
export type Outcome<T> =
  | { readonly kind: 'ok'; readonly value: T }
  | { readonly kind: 'drop'; readonly reason: VoidReason; readonly sender?: Sender }
  | { readonly kind: 'dlq'; readonly code: string; readonly cause: unknown; readonly sender?: Sender };

export const ok = <T>(value: T): Outcome<T> => ({ kind: 'ok', value });
export const drop = (reason: VoidReason, sender?: Sender): Outcome<never> =>
  sender ? { kind: 'drop', reason, sender } : { kind: 'drop', reason };
export const dlq = (code: string, cause: unknown, sender?: Sender): Outcome<never> =>
  sender ? { kind: 'dlq', code, cause, sender } : { kind: 'dlq', code, cause };
