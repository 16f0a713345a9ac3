/** Every refusal of the protocol, by its stable code. The code names the check that failed; the texts may change. */
export const PROTOCOL_ERRORS = {
  // a body as a whole
  body_too_large: 'The decoded body is longer than 2,000,000 bytes. Send smaller batches, or put the data into a blob.',
  batch_too_large:
    'The batch would be longer than 1,000,000 bytes once encrypted. Send smaller batches, or use a blob.',
  utf8: 'The bytes are not valid UTF-8.',
  line_end: 'Lines end in a single LF, without CR.',
  blank_line: 'An NDJSON body has no blank lines.',
  json: 'The text is not one JSON value.',
  depth: 'The JSON is nested deeper than any field of the format.',
  proto: 'A member is called __proto__.',
  field: 'There is a member that the format does not know.',
  body: 'A JSON body is {header, events}, of a single event {header, event}.',
  // header
  header: 'The header is not an object.',
  v: 'v is 1.',
  network: 'network is 1 to 32 of [a-z0-9-] and the one of this deployment.',
  key: 'app and wallet are 32-byte public keys in lower-case hex, not all zero.',
  source: 'source is 16 bytes in lower-case hex.',
  number: 'seq and issuedAt are integers from 0 to 2^53-1.',
  count: 'count is 1 to 1000 and equal to the number of events; a tree has at least one leaf.',
  signer: 'signer is wallet or app.',
  algorithm: 'algorithm is ed25519 or sr25519.',
  wrap: 'wrap is none or bytes.',
  signature:
    'The signature is not 64 bytes in lower-case hex, or it does not verify as declared. Sign exactly this header and these events.',
  stale: 'issuedAt is more than 7 days old or more than 5 minutes ahead. Check the clock and sign the batch anew.',
  client:
    'In client mode the header carries all of subject, epoch and meta, and every scope is {commitment, envelope}; otherwise every scope is {salt, data}.',
  // event
  event: 'The event is not an object.',
  id: 'id is a UUIDv7 in lower case, once per batch.',
  type: 'type is 1 to 128 bytes without control characters.',
  time: 'time is YYYY-MM-DDTHH:MM:SS.mmmZ and a real moment.',
  session: 'session, if present, is 1 to 128 bytes without control characters.',
  blob: 'blob, if present, is a CIDv1 in lower-case base32.',
  scope:
    'An event has 1 to 64 scopes; a name is 1 to 64 of [A-Za-z0-9_.-], not reserved; a scope is {salt, data}, {commitment} or {commitment, envelope}.',
  salt: 'salt is 16 bytes in lower-case hex.',
  data: 'data is text without lone surrogates.',
  commitment: 'commitment is 32 bytes in lower-case hex, and equal to the one of the content where that is known.',
  merge: 'A field stands in two scopes with different values.',
  // trees and disclosures
  proof: 'The proof does not have the exact length for (index, count), or does not lead to the root.',
  disclosure: 'A disclosure is {header, index, proof, event}, its event with scopes {salt, data} or {commitment}.',
  // keys and envelopes
  root: 'A user root is 32 bytes.',
  scope_key: 'A scope key is 32 bytes.',
  epoch: 'epoch is an integer from 0 to 2^32-1, and the one of the key.',
  subject: 'subject is 32 bytes.',
  nonce: 'A nonce is 24 bytes.',
  length: 'There are fewer bytes than the format has at least, or more than it has at most.',
  version: 'The version byte is unknown.',
  suite: 'The cipher suite is unknown.',
  tag: 'Decryption failed: wrong key, or changed bytes.',
  kek: 'A KEK is 32 bytes, its version an integer from 0 to 2^32-1 and the one of the wrapped root.',
  transit: 'The sealed bytes do not open with this transit key.',
  meta: 'The meta is not {v: 1, header, events} with every scope as {commitment}.',
  envelope: 'envelope and meta are base64url without padding, at least 94 bytes.',
  // requests, certificates, grants
  request: 'A request is {kind, network, app, wallet, id, issuedAt, body, signer, algorithm, wrap, signature}.',
  kind: 'kind is none that is known, or not the one that belongs here.',
  request_id: 'id is 16 bytes in lower-case hex.',
  request_body: 'body is base64url of one DAG-CBOR map of at most 65,536 bytes.',
  cbor: 'The bytes are not one DAG-CBOR value of maps, lists, text, bytes and integers from 0 to 2^53-1.',
  canonical: 'The DAG-CBOR is not canonical: shortest lengths, map keys sorted and each once.',
  author: 'This kind is not signed by that signer, or not with that key.',
  request_stale: 'issuedAt is more than 5 minutes away. Check the clock and sign the request anew.',
  not_yet: 'The certificate or token is not valid before its issuedAt.',
  expired: 'The certificate or token is not valid from its expiresAt on. Issue a new one.',
  expires: 'expiresAt is an integer above issuedAt, in a token at most 24 hours above.',
  scopes: 'scopes is a list of 1 to 64 different scope names.',
  recipients: 'recipients is "app" or a list of 1 to 64 different 32-byte public keys, not all zero.',
  x25519: 'An X25519 key is 32 bytes, and no point of small order.',
  grantor: 'grantor is the 32-byte public key of the wallet that signs.',
  grant: 'grant is the 16-byte id of a grant or policy.',
  mode: 'mode is service or client.',
  audience: 'audience is 1 to 128 bytes of text without control characters.',
  operations: 'operations is a list of 1 to 64 different names of 1 to 64 of [a-z0-9.-].',
  token_wallet:
    'wallet in a token is a 32-byte public key equal to the wallet of the token, or "*" with a wallet of zeros.',
  token_key: 'key is a 32-byte public key, not all zero.',
  token: 'token is the 16-byte id of a token.',
  token_chain:
    'A token is used by the key that signed it and that it names; or a chain has two, the second signed by the key that the first names and going no further: the same app, signer, audience and key, the same wallet or one out of all, operations out of those of the first, and no later end.',
  selector:
    'A removal selects by exactly one of events (1 to 1000 different ids), from and to (milliseconds, from below to) or session.',
  cluster: 'cluster is 1 to 32 of [a-z0-9-].',
  sealed_key: 'The sealed scope key is not 80 bytes, or does not open with this key pair.',
  // what stands in IPFS
  cid: 'The bytes are not those that the CID names.',
  segment:
    'A segment is one DAG-CBOR block {v: 1, batches: [{subject, app, epoch, meta, events: [{scope: envelope}]}]}.',
  // blobs
  blob_size: 'A blob has 0 to 67,108,864 bytes.',
  blob_id: 'The id of a blob is 16 bytes.',
  blob_key: 'The key of a blob is 32 bytes.',
  blob_index: 'The index of a chunk is an integer from 0, below the number of chunks.',
  blob_chunk: 'Every chunk of a blob has 1,048,576 bytes, only the last one fewer; its block is 16 bytes longer.',
  blob_top: 'The top of a blob is one canonical DAG-CBOR block {v: 1, id, size, epoch, scope, chunks: [raw link]}.',
  // receipts
  receipt: 'A receipt is {payload, key, signature}, its key the pinned one, its payload one DAG-CBOR map.',
  // settlement
  fee: 'A fee and its prices are integers from 0 to 2^128-1.',
  remark: 'The bytes are not a settlement remark.',
  // the four generations before v1
  legacy_master:
    'The master is empty, or not of the length that this generation uses as a key (G2: 32 bytes, G3: at most 64).',
  legacy_document: 'The input does not have the form of this generation.',
  legacy_generation:
    'None of the four published generations opens this with this master. Check the master, or name generation and path.',
  legacy_path: 'The path is no $, .name, [index], .* or ..*, or the document has nothing encrypted there.',
  // text forms
  hex: 'Hex is lower case, without 0x, of the right length.',
  ss58: 'An address is SS58 of a 32-byte public key: base58, with any prefix but 46 and 47, and its checksum.',
  base64url: 'base64url has no padding, and its unused bits are zero.',
  range: 'The number does not fit its field.',
} as const;

/** A stable code; its text is in `PROTOCOL_ERRORS`. */
export type ProtocolErrorCode = keyof typeof PROTOCOL_ERRORS;

/**
 * A refusal: bytes, text or values are not what the format demands. Never carries the refused content. Anything else that is thrown is a mistake of
 * the program, such as a call before `ready()`.
 * @example
 * try { verifyBatch(parseBatch(body, 'ndjson'), { network }); }
 * catch (error) { if (error instanceof ProtocolError) console.error(error.code, error.line); else throw error; }
 */
export class ProtocolError extends Error {
  /** The check that failed. */
  readonly code: ProtocolErrorCode;
  /** Line of the NDJSON body, from 1 (the header). In a JSON body, the line that the part would have as NDJSON. */
  readonly line?: number;

  constructor(code: ProtocolErrorCode, detail?: string, line?: number) {
    super(
      (line === undefined ? '' : `line ${line}: `) +
        (detail === undefined ? '' : `${detail}: `) +
        PROTOCOL_ERRORS[code],
    );
    this.name = 'ProtocolError';
    this.code = code;
    if (line !== undefined) this.line = line;
    this.#detail = detail;
  }

  readonly #detail: string | undefined;

  /** The same refusal, with the line that it is about. */
  at(line: number): ProtocolError {
    return this.line === undefined ? new ProtocolError(this.code, this.#detail, line) : this;
  }
}

/** Runs `read`; a refusal inside names this line. */
export function onLine<T>(line: number, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof ProtocolError ? error.at(line) : error;
  }
}

/** A name that a refusal may show: anything unusual could be someone's data. */
export function shownName(name: string): string {
  return /^[\w.-]{1,32}$/.test(name) ? name : 'a name';
}
