import { concat, fromBase64url, fromHex, isHex, lp, toBase64url, toHex, u64, utf8 } from '../bytes.ts';
import { type Cbor, decodeCbor, encodeCbor } from '../dag-cbor.ts';
import { ProtocolError, shownName } from '../errors.ts';
import { members, unknownMember } from '../event.ts';
import { blake2b256 } from '../hash.ts';
import { type Algorithm, isCounter, isNetwork, type Signer, type Wrap, ZERO_KEY } from '../header.ts';
import { sign, verifySignature } from '../signature.ts';
import type { Fields, Kind } from './kind.ts';
import { type Content, isKindName, KINDS, type KindName } from './kinds.ts';

/** A signed request, certificate or token as it travels in JSON. */
export interface SignedRequest<K extends KindName = KindName> {
  /** What it asks for or states. */
  kind: K;
  /** Name of the deployment. */
  network: string;
  /** 32-byte public key, hex; zeros in a certificate. */
  app: string;
  /** 32-byte public key, hex; zeros in a token for all wallets. */
  wallet: string;
  /** 16 random bytes, hex: the same id and bytes are the same request. */
  id: string;
  /** Milliseconds since the epoch. */
  issuedAt: number;
  /** DAG-CBOR in base64url. */
  body: string;
  /** Whose key signed. */
  signer: Signer;
  /** Of the signature. */
  algorithm: Algorithm;
  /** Whether the message was signed within `<Bytes>`. */
  wrap: Wrap;
  /** 64 bytes, hex. */
  signature: string;
}

/** A request whose form is right, with its body decoded; its signature is not checked. */
export type ParsedRequest<K extends KindName = KindName> = {
  [N in K]: SignedRequest<N> & { content: Content<N> };
}[K];

/** A request that its author signed. Whether it is of now is judged by `checkRequestTime`. What is stored and passed on is the JSON form, not this. */
export type VerifiedRequest<K extends KindName = KindName> = ParsedRequest<K> & {
  /** BLAKE2b-256 of the signed message, hex: two requests with one id are the same request when these are equal. */
  hash: string;
};

const MAX_BODY = 65_536;
const FIVE_MINUTES = 5 * 60 * 1000;
const MEMBERS: ReadonlySet<string> = new Set([
  'kind',
  'network',
  'app',
  'wallet',
  'id',
  'issuedAt',
  'body',
  'signer',
  'algorithm',
  'wrap',
  'signature',
]);

/** A kind without the types of its body: what is common to all of them. */
const kindOf = (name: KindName) => KINDS[name] as unknown as Kind<Fields>;

function checkFrame(request: Record<string, unknown>, { zero, signers }: Kind<Fields>): void {
  if (!isNetwork(request.network)) throw new ProtocolError('network');
  for (const name of ['app', 'wallet'] as const) {
    const key = request[name];
    if (!isHex(key, 32) || (key === ZERO_KEY && zero?.includes(name) !== true)) throw new ProtocolError('key', name);
  }
  if (!isHex(request.id, 16)) throw new ProtocolError('request_id');
  if (!isCounter(request.issuedAt)) throw new ProtocolError('number', 'issuedAt');
  if (request.signer !== 'wallet' && request.signer !== 'app') throw new ProtocolError('signer');
  if (!signers.includes(request.signer)) throw new ProtocolError('author');
  if (request.algorithm !== 'ed25519' && request.algorithm !== 'sr25519') throw new ProtocolError('algorithm');
  if (request.wrap !== 'none' && request.wrap !== 'bytes') throw new ProtocolError('wrap');
}

function decodeBody(body: unknown): { [name: string]: Cbor } {
  if (typeof body !== 'string' || body.length * 3 > MAX_BODY * 4 + 3) throw new ProtocolError('request_body');
  const value = decodeCbor(fromBase64url(body));
  if (typeof value !== 'object' || Array.isArray(value) || value instanceof Uint8Array)
    throw new ProtocolError('request_body');
  return value;
}

/** Reads the members of a body, absent ones left out. */
function readContent(fields: Fields, map: { [name: string]: Cbor }): { [name: string]: Cbor } {
  for (const name of Object.keys(map))
    if (!Object.hasOwn(fields, name)) throw new ProtocolError('field', `${shownName(name)} in the body`);
  const content: { [name: string]: Cbor } = {};
  for (const [name, field] of Object.entries(fields)) {
    const value = field(Object.hasOwn(map, name) ? map[name] : undefined);
    if (value !== undefined) content[name] = value;
  }
  return content;
}

/**
 * Checks a parsed JSON value against every rule for a request, and decodes its body; the signature's form, not its truth.
 * @param expected the only kind that is taken here. @throws ProtocolError with the code of the first member that is wrong.
 */
export function parseRequest<K extends KindName = KindName>(value: unknown, expected?: K): ParsedRequest<K> {
  const request = members(value, 'request');
  for (const name in request) if (!MEMBERS.has(name)) throw unknownMember(name, 'a request');
  if (!isKindName(request.kind) || (expected !== undefined && request.kind !== expected))
    throw new ProtocolError('kind');
  const kind = kindOf(request.kind);
  checkFrame(request, kind);
  if (!isHex(request.signature, 64)) throw new ProtocolError('signature');
  const content = readContent(kind.fields, decodeBody(request.body));
  kind.check?.(content, request as unknown as SignedRequest);
  return { ...request, content } as unknown as ParsedRequest<K>;
}

/** What the author signs: "cere-ddc:" ‖ kind ‖ ":v1\n" ‖ lp(network) ‖ app ‖ wallet ‖ id ‖ u64(issuedAt) ‖ lp(body). @param request of the right form. */
export function requestMessage(request: Omit<SignedRequest, 'signature'>): Uint8Array {
  return concat(
    utf8(`cere-ddc:${request.kind}:v1\n`),
    lp(utf8(request.network)),
    fromHex(request.app, 32),
    fromHex(request.wallet, 32),
    fromHex(request.id, 16),
    u64(request.issuedAt),
    lp(fromBase64url(request.body)),
  );
}

/** The key that must have signed. */
const authorKey = (request: { signer: Signer; app: string; wallet: string }) =>
  request.signer === 'app' ? request.app : request.wallet;

/**
 * Verifies a request from anywhere: its form, its network and its signature, exactly as declared.
 * @param expected.network the deployment's own; `kind`: the only one that is taken; `key`: hex, the one that must have signed where it is not the
 * author's own but one that was delegated to.
 * @throws ProtocolError `network`, `signature`, or the code of a malformed member.
 */
export function verifyRequest<K extends KindName = KindName>(
  value: unknown,
  expected: { network: string; kind?: K; key?: string },
): VerifiedRequest<K> {
  const request = parseRequest(value, expected.kind);
  if (request.network !== expected.network) throw new ProtocolError('network');
  const message = requestMessage(request);
  const { algorithm, wrap } = request;
  const publicKey = fromHex(expected.key ?? authorKey(request), 32);
  if (!verifySignature({ algorithm, wrap, publicKey, message, signature: fromHex(request.signature, 64) }))
    throw new ProtocolError('signature');
  return { ...request, hash: toHex(blake2b256(message)) };
}

/**
 * Whether a request may be used at `now`: received within 5 minutes of `issuedAt`, or, a certificate or token, from `issuedAt` to `expiresAt`.
 * @param now milliseconds since the epoch. @throws ProtocolError `request_stale`, `not_yet`, `expired`.
 */
export function checkRequestTime(request: ParsedRequest, now: number): void {
  const { issuedAt } = request;
  if (KINDS[request.kind].validity === 'fresh') {
    // Written so that a clock that shows no number refuses.
    if (!(Math.abs(now - issuedAt) <= FIVE_MINUTES)) throw new ProtocolError('request_stale');
    return;
  }
  if (!(now >= issuedAt)) throw new ProtocolError('not_yet');
  if (!(now < expiryOf(request))) throw new ProtocolError('expired');
}

/** The first moment at which it is over; never, where the kind has no end. */
const expiryOf = ({ content }: ParsedRequest): number =>
  'expiresAt' in content ? content.expiresAt : Number.POSITIVE_INFINITY;

/** What an author decides: everything but the bytes of the body and the signature. */
export type RequestFields<K extends KindName> = Omit<SignedRequest<K>, 'body' | 'signature'> & { content: Content<K> };

/**
 * Signs a request, checking everything that a receiver would refuse about it.
 * @example
 * const content = { scope: 'geo', grantor: keyPair.publicKey, fromEpoch: 0, recipient: x25519, expiresAt: issuedAt + 86_400_000 };
 * signRequest({ kind: 'grant', network, app, wallet, id, issuedAt, signer: 'wallet', algorithm: 'sr25519', wrap: 'none', content }, keyPair);
 * @param keyPair the author's: the wallet's, or with `signer: app` the app's; with `delegated` that of the key which a token of the author names
 * @throws ProtocolError
 */
export function signRequest<K extends KindName>(
  { content, ...fields }: RequestFields<K>,
  keyPair: { publicKey: Uint8Array; secretKey: Uint8Array },
  { delegated = false }: { delegated?: boolean } = {},
): SignedRequest<K> {
  const body = encodeCbor(withoutAbsent(content as { [name: string]: Cbor | undefined }));
  if (body.length > MAX_BODY) throw new ProtocolError('request_body');
  const unsigned = { ...fields, body: toBase64url(body) };
  parseRequest({ ...unsigned, signature: UNSIGNED }, fields.kind);
  if (!delegated && toHex(keyPair.publicKey) !== authorKey(fields)) throw new ProtocolError('author', 'key pair');
  const message = requestMessage(unsigned);
  return { ...unsigned, signature: toHex(sign({ algorithm: fields.algorithm, wrap: fields.wrap, keyPair, message })) };
}

/** Stands for a signature while the request is checked. */
const UNSIGNED = '0'.repeat(128);

function withoutAbsent(content: { [name: string]: Cbor | undefined }): { [name: string]: Cbor } {
  const present: { [name: string]: Cbor } = {};
  for (const [name, value] of Object.entries(content)) if (value !== undefined) present[name] = value;
  return present;
}
