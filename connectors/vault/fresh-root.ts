import { subjectOf, wrapRoot } from '../../protocol/index.ts';
import type { Random } from '../../services/pipeline/clock.ts';
import type { Owner } from '../../services/pipeline/ports/vault.ts';
import type { Keks } from './kek-file.ts';

/** A new random root, already wrapped with the current KEK, and the subject (32 bytes) that follows from it. */
export function createFreshRoot(keks: Keks, random: Pick<Random, 'bytes'>) {
  return ({ app, wallet }: Owner): { wrapped: Uint8Array; subject: Uint8Array } => {
    const { key: kek, version: kekVersion } = keks.current;
    const userRoot = random.bytes(32);
    try {
      const wrapped = wrapRoot({ kek, kekVersion, app, wallet, userRoot, nonce: random.bytes(24) });
      return { wrapped, subject: subjectOf(userRoot) };
    } finally {
      userRoot.fill(0);
    }
  };
}
