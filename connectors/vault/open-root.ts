import { subjectOf, unwrapRoot, wrappedKekVersion } from '../../protocol/index.ts';
import type { Keks } from '../../services/pipeline/ports/kms.ts';
import type { OpenRoot, RootRef } from '../../services/pipeline/ports/vault.ts';
import { OVERWRITTEN } from '../postgres/user-roots.ts';
import { SecretBytes } from './secret-bytes.ts';

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
  const userRoot = SecretBytes.of32(plain);
  plain.fill(0);
  const { epoch, mode } = stored;
  return { userRoot, rootVersion, epoch, mode, subject: stored.subject ?? subjectOf(userRoot) };
}
