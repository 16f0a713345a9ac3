import { concat, isBytes, lp, u32, utf8 } from './bytes.ts';
import { ProtocolError } from './errors.ts';
import { blake2b256 } from './hash.ts';
import { isScopeName, META_SCOPE } from './scope-name.ts';

const SCOPE = utf8('cere-ddc:scope:v1');
const SUBJECT = utf8('cere-ddc:subject:v1');

export function checkUserRoot(userRoot: Uint8Array): void {
  if (!isBytes(userRoot, 32)) throw new ProtocolError('root');
}

/** The last epoch there can be. */
export const LAST_EPOCH = 0xffff_ffff;

/** -0 is another spelling of 0. */
export function checkEpoch(epoch: number): void {
  if (!Number.isInteger(epoch) || epoch < 0 || epoch > LAST_EPOCH || Object.is(epoch, -0))
    throw new ProtocolError('epoch');
}

/**
 * The key of one scope in one epoch: BLAKE2b-256(key = userRoot, "cere-ddc:scope:v1" ‖ lp(app) ‖ lp(scope) ‖ u32(epoch)). One-way: it opens
 * neither siblings nor the root. `__meta` is a scope of its own here.
 * @param userRoot 32 secret bytes of one (app, wallet). @param app 32-byte public key. @param epoch 0 to 2^32-1.
 * @returns 32 secret bytes. @throws ProtocolError `root`, `key`, `scope`, `epoch`.
 */
export function scopeKey(userRoot: Uint8Array, app: Uint8Array, scope: string, epoch: number): Uint8Array {
  checkUserRoot(userRoot);
  if (!isBytes(app, 32)) throw new ProtocolError('key', 'app');
  if (!isScopeName(scope) && scope !== META_SCOPE) throw new ProtocolError('scope');
  checkEpoch(epoch);
  return blake2b256(concat(SCOPE, lp(app), lp(utf8(scope)), u32(epoch)), userRoot);
}

/** What public storage shows instead of the wallet, 32 bytes; not linkable across apps: BLAKE2b-256(key = userRoot, "cere-ddc:subject:v1"). @throws ProtocolError `root`. */
export function subjectOf(userRoot: Uint8Array): Uint8Array {
  checkUserRoot(userRoot);
  return blake2b256(SUBJECT, userRoot);
}
