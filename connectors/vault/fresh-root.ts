import { subjectOf, wrapRoot } from '../../protocol/index.ts';
import type { Random } from '../../services/pipeline/clock.ts';
import type { Kek, Keks } from '../../services/pipeline/ports/kms.ts';
import type { Owner } from '../../services/pipeline/ports/vault.ts';

export interface FreshRoot {
  readonly wrapped: Uint8Array;
  /** 32 bytes; follows from the root. */
  readonly subject: Uint8Array;
}

/** A new random root, already wrapped. */
export function freshRootOf({ app, wallet }: Owner, kek: Kek, random: Pick<Random, 'bytes'>): FreshRoot {
  const userRoot = random.bytes(32);
  try {
    const { key, version: kekVersion } = kek;
    const wrapped = wrapRoot({ kek: key, kekVersion, app, wallet, userRoot, nonce: random.bytes(24) });
    return { wrapped, subject: subjectOf(userRoot) };
  } finally {
    userRoot.fill(0);
  }
}

/** Makes roots wrapped with whatever KEK is current. */
export const createFreshRoot =
  (keks: Keks, random: Pick<Random, 'bytes'>) =>
  async (owner: Owner): Promise<FreshRoot> =>
    freshRootOf(owner, await keks.current(), random);
