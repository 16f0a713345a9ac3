import {
  encryptionKeyPairFromSeed,
  fromBase64url,
  type KeyPair,
  openScopeKey,
  toHex,
  verifyRequest,
} from '../../protocol/index.ts';
import { isObject, parseJson, readText } from './input.ts';
import { Refusal, UsageError } from './outcome.ts';
import { bytesOption, readKeyFile } from './places.ts';
import { readSecret } from './secret-input.ts';

/** Where scope keys come from. */
export interface KeyOptions {
  readonly keyFile?: string;
  readonly grantFile?: string;
  readonly x25519File?: string;
}

/** The keys that may open a scope in an epoch. Several where they are of several user roots. */
export type HeldKeys = (scope: string, epoch: number) => readonly Uint8Array[];

interface HeldKey {
  readonly scope: string;
  readonly epoch: number;
  readonly key: Uint8Array;
}

/** @throws UsageError */
function sealedKeysIn(value: unknown): readonly Record<string, unknown>[] {
  const keys = isObject(value) ? value.keys : undefined;
  if (Array.isArray(keys) && keys.every(isObject)) return keys;
  throw new UsageError(
    'The file of --grant-file is not {keys}, which `grant --key-file` makes and the service answers.',
  );
}

/** @throws ProtocolError `sealed_key` when it was changed */
function openKey({ scope, epoch, sealed }: Record<string, unknown>, pair: KeyPair): HeldKey {
  if (typeof scope !== 'string' || typeof epoch !== 'number' || typeof sealed !== 'string')
    throw new UsageError('The file of --grant-file: a key is {scope, epoch, recipient, sealed}.');
  return { scope, epoch, key: openScopeKey(pair, fromBase64url(sealed)) };
}

/** What was sealed to the holder of the X25519 secret. A grant that comes with it must be signed. @throws Refusal `no_key` */
async function grantedKeys(grantFile: string, x25519File: string | undefined): Promise<HeldKey[]> {
  const value = parseJson(readText(grantFile, '--grant-file'));
  const sealed = sealedKeysIn(value);
  const seed = bytesOption(await readSecret(x25519File, 'X25519 secret', '--x25519-file'), 'The X25519 secret');
  const grant = isObject(value) ? value.grant : undefined;
  if (isObject(grant)) verifyRequest(grant, { network: String(grant.network), kind: 'grant' });
  const pair = encryptionKeyPairFromSeed(seed);
  const own = sealed.filter(({ recipient }) => recipient === toHex(pair.publicKey));
  if (own.length === 0) throw new Refusal('no_key', 'The grant file has no key that is sealed to this X25519 secret.');
  return own.map((one) => openKey(one, pair));
}

/** The keys of all files that the options name; those of a key file are for any epoch. @throws UsageError */
export async function heldKeys({ keyFile, grantFile, x25519File }: KeyOptions): Promise<HeldKeys> {
  if (keyFile === undefined && grantFile === undefined)
    throw new UsageError('Give --key-file, or --grant-file with --x25519-file.');
  const named = keyFile === undefined ? undefined : readKeyFile(keyFile);
  const granted = grantFile === undefined ? [] : await grantedKeys(grantFile, x25519File);
  return (scope, epoch) => {
    const key = named?.get(scope);
    const fitting = granted.filter((one) => one.scope === scope && one.epoch === epoch).map((one) => one.key);
    return key === undefined ? fitting : [key, ...fitting];
  };
}
