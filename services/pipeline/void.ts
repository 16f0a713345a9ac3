import type { Encrypted, VoidReason } from '../../schemas/index.ts';
import type { Sender } from './outcome.ts';

/** What every record of the three batch topics starts with. */
export interface Head {
  readonly batchId: Uint8Array;
  readonly app: Uint8Array;
  readonly wallet: Uint8Array;
  readonly rootVersion: number;
  readonly source?: Uint8Array | null;
  readonly seq?: number | null;
  /** Set in a void. */
  readonly reason?: VoidReason | null;
}

/** The record that stands for an accepted input without content, so that origins stay dense. Fits `encrypted` and `pinned`. */
export function voidOf(head: Head, reason: VoidReason, sender?: Sender): Encrypted & { body: null } {
  return {
    batchId: head.batchId,
    app: head.app,
    wallet: head.wallet,
    rootVersion: head.rootVersion,
    source: sender?.source ?? head.source ?? null,
    seq: sender?.seq ?? head.seq ?? null,
    reason,
    body: null,
  };
}
