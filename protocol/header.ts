import { concat, fromHex, isHex, lp, u32, u64, utf8 } from './bytes.ts';
import { ProtocolError } from './errors.ts';
import { members, unknownMember } from './event.ts';
import { blake2b256 } from './hash.ts';

/** How the signature is made: Ed25519 (RFC 8032), or Substrate's sr25519 (schnorrkel) in the context `substrate`. */
export type Algorithm = 'ed25519' | 'sr25519';
/** `bytes`: signed as `<Bytes>` ‖ message ‖ `</Bytes>`, as the polkadot{.js} extension does. */
export type Wrap = 'none' | 'bytes';
/** Whose key signed. */
export type Signer = 'wallet' | 'app';

/** The signed header of a batch. */
export interface Header {
  /** Version of the format. */
  v: 1;
  /** Name of the deployment, 1 to 32 of [a-z0-9-]. */
  network: string;
  /** 32-byte public key, hex. */
  app: string;
  /** 32-byte public key, hex. */
  wallet: string;
  /** 16 random bytes of one SDK installation, hex. */
  source: string;
  /** Counts the batches of a source from 0 without gaps. */
  seq: number;
  /** Milliseconds since the epoch. */
  issuedAt: number;
  /** Number of events. */
  count: number;
  /** Whose key signed: `app` is shown everywhere as attested by the app, not signed by the user. */
  signer: Signer;
  /** Of the signature. */
  algorithm: Algorithm;
  /** Whether the message was signed within `<Bytes>`. */
  wrap: Wrap;
  /** 64 bytes, hex. */
  signature: string;
}
/** A header that is still to be signed. */
export type UnsignedHeader = Omit<Header, 'signature'>;

/** Most events of one batch. */
export const MAX_COUNT = 1000;
const NETWORK = /^[a-z0-9-]{1,32}$/;
/** 32 zero bytes in hex: no key, but the place of one in certificates and in tokens for all wallets. */
export const ZERO_KEY = '0'.repeat(64);
const MESSAGE = utf8('cere-ddc:batch:v1\n');
const BATCH_ID = utf8('cere-ddc:batch-id:v1\n');
const DAY = 24 * 60 * 60 * 1000;

/** Whether a JSON value is an integer from 0 to 2^53-1; -0 is another spelling of 0. */
export const isCounter = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0 && !Object.is(value, -0);
const isKey = (value: unknown): value is string => isHex(value, 32) && value !== ZERO_KEY;

/** Whether `name` can be the name of a network: 1 to 32 of [a-z0-9-]. */
export const isNetwork = (name: unknown): name is string => typeof name === 'string' && NETWORK.test(name);

function checkFields(header: Record<string, unknown>, known: ReadonlySet<string>): void {
  for (const name in header) if (!known.has(name)) throw unknownMember(name, 'the header');
  if (header.v !== 1) throw new ProtocolError('v');
  if (!isNetwork(header.network)) throw new ProtocolError('network');
  if (!isKey(header.app)) throw new ProtocolError('key', 'app');
  if (!isKey(header.wallet)) throw new ProtocolError('key', 'wallet');
  if (!isHex(header.source, 16)) throw new ProtocolError('source');
  if (!isCounter(header.seq)) throw new ProtocolError('number', 'seq');
  if (!isCounter(header.issuedAt)) throw new ProtocolError('number', 'issuedAt');
  if (!isCounter(header.count) || header.count < 1 || header.count > MAX_COUNT) throw new ProtocolError('count');
  if (header.signer !== 'wallet' && header.signer !== 'app') throw new ProtocolError('signer');
  if (header.algorithm !== 'ed25519' && header.algorithm !== 'sr25519') throw new ProtocolError('algorithm');
  if (header.wrap !== 'none' && header.wrap !== 'bytes') throw new ProtocolError('wrap');
}

const UNSIGNED: ReadonlySet<string> = new Set([
  'v',
  'network',
  'app',
  'wallet',
  'source',
  'seq',
  'issuedAt',
  'count',
  'signer',
  'algorithm',
  'wrap',
]);
const SIGNED: ReadonlySet<string> = new Set([...UNSIGNED, 'signature']);

/**
 * Checks a parsed JSON value against every rule for a header; the signature's form, not its truth. Returns the same object.
 * @throws ProtocolError with the code of the first member that is wrong; `header`, `field`, `proto`.
 */
export function parseHeader(value: unknown): Header {
  const header = members(value, 'header');
  checkFields(header, SIGNED);
  if (!isHex(header.signature, 64)) throw new ProtocolError('signature');
  return value as Header;
}

/** The same for a header that is still to be signed. @throws ProtocolError as `parseHeader`. */
export function parseUnsignedHeader(value: unknown): UnsignedHeader {
  checkFields(members(value, 'header'), UNSIGNED);
  return value as UnsignedHeader;
}

function checkRoot(root: Uint8Array): void {
  if (root.length !== 32) throw new ProtocolError('length', 'Merkle root');
}

/**
 * What the wallet (or the app) signs: "cere-ddc:batch:v1\n" ‖ lp(network) ‖ app ‖ wallet ‖ source ‖ u64(seq) ‖ u64(issuedAt) ‖ u32(count) ‖ root.
 * @param header checked by `parseUnsignedHeader`. @param root Merkle root of the events, 32 bytes. @throws ProtocolError `length`.
 */
export function signedMessage(header: UnsignedHeader, root: Uint8Array): Uint8Array {
  checkRoot(root);
  return concat(
    MESSAGE,
    lp(utf8(header.network)),
    fromHex(header.app, 32),
    fromHex(header.wallet, 32),
    fromHex(header.source, 16),
    u64(header.seq),
    u64(header.issuedAt),
    u32(header.count),
    root,
  );
}

/**
 * Names a batch, 32 bytes. Without `issuedAt`, so that a batch signed anew keeps its id. Formula: docs/formats.md, Batches.
 * @param root Merkle root of the events, 32 bytes. @throws ProtocolError `length`.
 */
export function batchId(header: UnsignedHeader, root: Uint8Array): Uint8Array {
  checkRoot(root);
  return blake2b256(
    concat(
      BATCH_ID,
      lp(utf8(header.network)),
      fromHex(header.app, 32),
      fromHex(header.wallet, 32),
      lp(utf8(header.signer)),
      fromHex(header.source, 16),
      u64(header.seq),
      root,
    ),
  );
}

/** The key that must have signed, 32 bytes: the wallet's or the app's, as `signer` says. */
export const signerKey = (header: UnsignedHeader): Uint8Array =>
  fromHex(header.signer === 'app' ? header.app : header.wallet, 32);

/**
 * Refuses a batch signed too long ago or ahead of time.
 * @param now milliseconds since the epoch. @throws ProtocolError `stale`, line 1.
 */
export function checkFresh(header: { issuedAt: number }, now: number): void {
  if (header.issuedAt < now - 7 * DAY || header.issuedAt > now + 5 * 60 * 1000)
    throw new ProtocolError('stale', undefined, 1);
}
