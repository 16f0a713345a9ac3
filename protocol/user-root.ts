import { concat, isBytes, u32, utf8 } from './bytes.ts';
import { ProtocolError } from './errors.ts';
import { checkUserRoot } from './keys.ts';
import { sodium } from './sodium.ts';
import { still } from './still.ts';

const ROOT = utf8('cere-ddc:root:v1');
const VERSION = 1;
const NONCE = 5;
const CIPHERTEXT = NONCE + 24;
/** Length of a wrapped root: version ‖ u32 KEK version ‖ nonce ‖ encrypted root ‖ tag. */
export const WRAPPED_ROOT_BYTES = CIPHERTEXT + 32 + 16;

interface Owner {
  /** 32 bytes. */
  app: Uint8Array;
  /** 32 bytes. */
  wallet: Uint8Array;
}

function aadOf({ app, wallet }: Owner, kekVersion: number): Uint8Array {
  if (!isBytes(app, 32) || !isBytes(wallet, 32)) throw new ProtocolError('key');
  return concat(ROOT, app, wallet, u32(kekVersion));
}

function checkKek(kek: Uint8Array): void {
  if (!isBytes(kek, 32)) throw new ProtocolError('kek');
}

/**
 * Wraps a user root under a key encryption key, bound to its owner; 77 bytes.
 * @param request.kek 32 bytes. @param request.kekVersion 0 to 2^32-1. @param request.nonce 24 random bytes, never used before.
 * @throws ProtocolError `kek`, `root`, `nonce`, `key`.
 */
export function wrapRoot(
  request: Owner & { kek: Uint8Array; kekVersion: number; userRoot: Uint8Array; nonce: Uint8Array },
): Uint8Array {
  const { kek, kekVersion, userRoot, nonce } = request;
  checkKek(kek);
  checkUserRoot(userRoot);
  if (!isBytes(nonce, 24)) throw new ProtocolError('nonce');
  if (!Number.isInteger(kekVersion) || kekVersion < 0 || kekVersion > 0xffff_ffff)
    throw new ProtocolError('kek', 'version');
  const sealed = sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(
    userRoot,
    aadOf(request, kekVersion),
    null,
    nonce,
    kek,
  );
  return concat(Uint8Array.of(VERSION), u32(kekVersion), nonce, sealed);
}

/** The version of the KEK that opens these bytes. @throws ProtocolError `length`, `version`. */
export function wrappedKekVersion(wrapped: Uint8Array): number {
  if (wrapped.length !== WRAPPED_ROOT_BYTES) throw new ProtocolError('length', 'wrapped root');
  if (wrapped[0] !== VERSION) throw new ProtocolError('version', 'wrapped root');
  return new DataView(wrapped.buffer, wrapped.byteOffset).getUint32(1);
}

/** The user root, 32 bytes. @throws ProtocolError `tag` with another KEK or another owner; `length`, `version`, `kek`. */
export function unwrapRoot(request: Owner & { kek: Uint8Array; wrapped: Uint8Array }): Uint8Array {
  const { kek, wrapped } = request;
  checkKek(kek);
  const aad = aadOf(request, wrappedKekVersion(wrapped));
  try {
    return still(
      sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(
        null,
        wrapped.subarray(CIPHERTEXT),
        aad,
        wrapped.subarray(NONCE, CIPHERTEXT),
        kek,
      ),
    );
  } catch {
    // libsodium says no more than that it failed.
    throw new ProtocolError('tag', 'wrapped root');
  }
}
