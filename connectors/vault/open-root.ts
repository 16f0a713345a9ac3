import { subjectOf, unwrapRoot, wrappedKekVersion } from '../../protocol/index.ts';
import type { Keks } from '../../services/pipeline/ports/kms.ts';
import type { OpenRoot, RootRef } from '../../services/pipeline/ports/vault.ts';
import { OVERWRITTEN } from '../postgres/user-roots.ts';
import { takeSecret } from './secret-bytes.ts';

/** A row of `user_roots` as far as opening it needs. */
export interface StoredRoot {
  readonly wrapped: Uint8Array;
  readonly epoch: number;
  readonly mode: 'service' | 'client';
  /** Set in client mode only. */
  readonly subject: Uint8Array | null;
}

/** Unwraps a stored root. @returns null where it was overwritten. @throws ProtocolError when row, owner and KEK do not fit. */
export async function openRoot(keks: Keks, ref: RootRef, stored: StoredRoot): Promise<OpenRoot | null> {
  if (stored.wrapped.length === OVERWRITTEN.length) return null;
  const { key } = await keks.version(wrappedKekVersion(stored.wrapped));
  const { app, wallet, rootVersion } = ref;
  const plain = unwrapRoot({ kek: key, app, wallet, wrapped: stored.wrapped });
  const userRoot = takeSecret(plain);
  const { epoch, mode } = stored;
  return { userRoot, rootVersion, epoch, mode, subject: stored.subject ?? subjectOf(userRoot) };
}

/**
 * Opens roots side by side. When one does not open, those that did are overwritten before its error goes on: nobody gets them.
 * @param refs of the rows, in order; a row that is not there stays undefined
 */
export async function openRoots(
  keks: Keks,
  refs: readonly RootRef[],
  stored: readonly (StoredRoot | undefined)[],
): Promise<(OpenRoot | null | undefined)[]> {
  const opening = stored.map(async (row, i) => row && openRoot(keks, refs[i] as RootRef, row));
  try {
    return await Promise.all(opening);
  } catch (error) {
    for (const one of await Promise.allSettled(opening)) if ('value' in one) one.value?.userRoot.fill(0);
    throw error;
  }
}
