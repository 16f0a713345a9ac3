import type { Erasure } from '../ports/erasures.ts';

/** What is known of a batch when it is accepted. */
export interface Subjected {
  /** Offset in `received`. */
  readonly origin: number;
  readonly rootVersion: number;
  /** Milliseconds; null while the batch is not opened. */
  readonly issuedAt: number | null;
}

/**
 * Whether a batch falls under an erasure of its (app, wallet) and becomes `void erased`: before the fence, under a root that was
 * overwritten, or signed before the request.
 */
export function isErased(
  batch: Subjected,
  erasures: Iterable<Pick<Erasure, 'fence' | 'rootVersions' | 'issuedAt'>>,
): boolean {
  for (const { fence, rootVersions, issuedAt } of erasures) {
    if (fence === null || batch.origin < fence || rootVersions.includes(batch.rootVersion)) return true;
    if (batch.issuedAt !== null && batch.issuedAt <= issuedAt) return true;
  }
  return false;
}
