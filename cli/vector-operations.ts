import {
  type Asker,
  type Batch,
  batchId,
  blake2b256,
  blobChunkCid,
  blobCid,
  blobKey,
  type Cbor,
  checkRequestTime,
  commitment,
  concat,
  decodeBlobTop,
  encodeBlobTop,
  encryptionKeyPairFromSeed,
  fee,
  fromHex,
  type Header,
  type KindName,
  keyPairFromSeed,
  leafOf,
  leafPreimage,
  type MetaKey,
  mayServe,
  open,
  openBlobChunk,
  openMeta,
  openScopeKey,
  openTransit,
  parseBatch,
  parseEvent,
  parseHeader,
  parseRemark,
  parseUnsignedHeader,
  type RequestFields,
  recordKeys,
  remark,
  requestMessage,
  rootOf,
  scopeKey,
  seal,
  sealBlobChunk,
  sealMeta,
  settlementLeaf,
  signedMessage,
  signReceipt,
  signRequest,
  subjectOf,
  toHex,
  transitKeyPair,
  u32,
  unwrapRoot,
  utf8,
  verifyBatch,
  verifyBearer,
  verifyDisclosure,
  verifyInclusion,
  verifyReceipt,
  verifyRequest,
  verifySignature,
  wrappedKekVersion,
  wrapRoot,
} from '../protocol/index.ts';
import { jsonOf } from './crypto/json-of.ts';
import { LEGACY_OPERATIONS } from './crypto/legacy-operations.ts';

/** What a case gives to an operation: JSON values, texts already expanded. */
export type Input = Record<string, unknown>;
/** An operation: the protocol's answer in JSON form, or `REFUSED`; a ProtocolError refuses, too. */
export type Operation = (input: Input) => Input | typeof REFUSED;
export const REFUSED = Symbol('refused');

function text(input: Input, name: string): string {
  const value = input[name];
  if (typeof value !== 'string') throw new Error(`in.${name} is not text`);
  return value;
}
const bytes = (input: Input, name: string) => fromHex(text(input, name));
const number = (input: Input, name: string) => input[name] as number;

function list(input: Input, name: string): unknown[] {
  const value = input[name];
  if (!Array.isArray(value)) throw new Error(`in.${name} is not a list`);
  return value;
}

function leavesOf(input: Input): Uint8Array[] {
  const { leaves } = input;
  if (Array.isArray(leaves)) return leaves.map((leaf) => fromHex(String(leaf)));
  const { count, label } = (leaves as { generate: { count: number; label: string } }).generate;
  return Array.from({ length: count }, (_, i) => blake2b256(concat(utf8(label), u32(i))));
}

function batchOf(input: Input): Batch {
  return { header: parseHeader(input.header), events: list(input, 'events').map(parseEvent) };
}

/** Headers in vectors come with and without their signature. */
function unsignedOf(input: Input) {
  const { signature: _, ...unsigned } = input.header as Record<string, unknown>;
  return parseUnsignedHeader(unsigned);
}

const placeOf = (input: Input) => ({
  scopeKey: bytes(input, 'scope_key'),
  epoch: number(input, 'epoch'),
  app: bytes(input, 'app'),
  subject: bytes(input, 'subject'),
  eventId: text(input, 'event_id'),
  scope: text(input, 'scope'),
});

const metaKeyOf = (input: Input): MetaKey => ({
  userRoot: bytes(input, 'root'),
  app: bytes(input, 'app'),
  epoch: number(input, 'epoch'),
});

const chunkPlaceOf = (input: Input) => ({
  key: bytes(input, 'key'),
  index: number(input, 'index'),
  last: input.last === true,
});

const envelopeOut = (envelope: Uint8Array): Input => ({
  length: envelope.length,
  blake2b256: toHex(blake2b256(envelope)),
  envelope: toHex(envelope),
});

const ownerOf = (input: Input) => ({
  kek: bytes(input, 'kek'),
  app: bytes(input, 'app'),
  wallet: bytes(input, 'wallet'),
});

/** Amounts are decimal text in vectors. */
const amount = (input: Input, name: string) => BigInt(text(input, name));

/** A body that is to be signed: `{bytes: hex}` is a byte string. */
function marked(value: unknown): Cbor {
  if (Array.isArray(value)) return value.map(marked);
  if (typeof value !== 'object' || value === null) return value as Cbor;
  const hex = (value as { bytes?: unknown }).bytes;
  if (typeof hex === 'string') return fromHex(hex);
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, marked(member)]));
}

function askerOf(input: Input): Asker {
  const network = text(input, 'network');
  if (input.certificate !== undefined)
    return { certificate: verifyRequest(input.certificate, { network, kind: 'recipient' }) };
  if (input.owner !== undefined) return { owner: verifyRequest(input.owner, { network, kind: 'keys' }) };
  return { exportOf: input.export_of as string | null };
}

const requestsOf = <K extends KindName>(input: Input, name: string, kind: K) =>
  list(input, name).map((one) => verifyRequest(one, { network: text(input, 'network'), kind }));

/** Every operation that a file of vectors may name. */
export const OPERATIONS: Readonly<Record<string, Operation>> = {
  ...LEGACY_OPERATIONS,
  commitment: (input) => ({ commitment: toHex(commitment(bytes(input, 'salt'), text(input, 'data'))) }),
  leaf: (input) => {
    const event = parseEvent(input.event);
    return { preimage: toHex(leafPreimage(event)), leaf: toHex(leafOf(event)) };
  },
  tree: (input) => ({ root: toHex(rootOf(leavesOf(input))) }),
  message: (input) => ({ message: toHex(signedMessage(unsignedOf(input), bytes(input, 'root'))) }),
  batch_id: (input) => ({ batch_id: toHex(batchId(unsignedOf(input), bytes(input, 'root'))) }),
  verify: (input) => {
    const claim = {
      algorithm: text(input, 'algorithm') as Header['algorithm'],
      wrap: text(input, 'wrap') as Header['wrap'],
      publicKey: bytes(input, 'public_key'),
      message: bytes(input, 'message'),
      signature: bytes(input, 'signature'),
    };
    return verifySignature(claim) ? { verified: true } : REFUSED;
  },
  batch: (input) => {
    const batch = batchOf(input);
    return { root: toHex(verifyBatch(batch, { network: batch.header.network }).root) };
  },
  body: (input) => {
    const format = text(input, 'format') as 'ndjson' | 'json';
    const verified = verifyBatch(parseBatch(bytes(input, 'body'), format), { network: text(input, 'network') });
    return { root: toHex(verified.root), batch_id: toHex(verified.batchId), mode: verified.mode };
  },
  inclusion: (input) => {
    const claim = {
      leaf: bytes(input, 'leaf'),
      index: number(input, 'index'),
      count: number(input, 'count'),
      proof: list(input, 'proof').map((hash) => fromHex(String(hash))),
      root: bytes(input, 'root'),
    };
    return verifyInclusion(claim) ? { included: true } : REFUSED;
  },
  disclosure: (input) => {
    const { scope, ...disclosure } = input;
    const { opened } = verifyDisclosure(disclosure);
    return scope === undefined || Object.hasOwn(opened, String(scope)) ? { opened } : REFUSED;
  },
  subject: (input) => ({ subject: toHex(subjectOf(bytes(input, 'root'))) }),
  scope_key: (input) => ({
    scope_key: toHex(scopeKey(bytes(input, 'root'), bytes(input, 'app'), text(input, 'scope'), number(input, 'epoch'))),
  }),
  record_key: (input) => {
    const keys = recordKeys(bytes(input, 'scope_key'), bytes(input, 'nonce'), bytes(input, 'aad'));
    return { record_key: toHex(keys.recordKey), commitment: toHex(keys.commitment) };
  },
  seal: (input) =>
    envelopeOut(
      seal({ ...placeOf(input), salt: bytes(input, 'salt'), data: text(input, 'data'), nonce: bytes(input, 'nonce') }),
    ),
  open: (input) => {
    const known = input.commitment === undefined ? undefined : bytes(input, 'commitment');
    const { salt, data } = open({ ...placeOf(input), envelope: bytes(input, 'envelope'), commitment: known });
    return { salt: toHex(salt), data };
  },
  wrap_root: (input) => {
    const kekVersion = number(input, 'kek_version');
    const userRoot = bytes(input, 'root');
    return { wrapped: toHex(wrapRoot({ ...ownerOf(input), kekVersion, userRoot, nonce: bytes(input, 'nonce') })) };
  },
  unwrap_root: (input) => {
    const wrapped = bytes(input, 'wrapped');
    return { root: toHex(unwrapRoot({ ...ownerOf(input), wrapped })), kek_version: wrappedKekVersion(wrapped) };
  },
  transit_key: (input) => {
    const pair = transitKeyPair(bytes(input, 'root'));
    return { public_key: toHex(pair.publicKey), secret_key: toHex(pair.secretKey) };
  },
  open_transit: (input) => ({ body: toHex(openTransit(transitKeyPair(bytes(input, 'root')), bytes(input, 'sealed'))) }),
  seal_meta: (input) => {
    const { header, events } = batchOf(input);
    return envelopeOut(sealMeta({ ...metaKeyOf(input), header, events, nonce: bytes(input, 'nonce') }));
  },
  open_meta: (input) => {
    const meta = openMeta({ ...metaKeyOf(input), envelope: bytes(input, 'envelope') });
    return { root: toHex(meta.root), batch_id: toHex(meta.batchId), header: meta.header, events: meta.events };
  },
  request: (input) => {
    const request = verifyRequest(input.request, { network: text(input, 'network') });
    checkRequestTime(request, number(input, 'now'));
    return {
      message: toHex(requestMessage(request)),
      hash: request.hash,
      content: jsonOf(request.content) as Input,
    };
  },
  bearer: (input) => ({
    ...verifyBearer(text(input, 'bearer'), { network: text(input, 'network') }, number(input, 'now')),
  }),
  sign_request: (input) => {
    const fields = { ...(input.fields as Input), content: marked(input.content) } as unknown as RequestFields<KindName>;
    const { body, signature } = signRequest(fields, keyPairFromSeed(fields.algorithm, bytes(input, 'seed')));
    return { body, signature };
  },
  open_scope_key: (input) => {
    const keyPair = encryptionKeyPairFromSeed(bytes(input, 'seed'));
    return {
      public_key: toHex(keyPair.publicKey),
      scope_key: toHex(openScopeKey(keyPair, bytes(input, 'sealed'))),
    };
  },
  receipt: (input) => {
    const stated = verifyReceipt(input.receipt, { network: text(input, 'network'), key: bytes(input, 'key') });
    return { stated: jsonOf(stated) };
  },
  sign_receipt: (input) => {
    const keyPair = keyPairFromSeed('ed25519', bytes(input, 'seed'));
    const stated = marked(input.stated) as { [name: string]: Cbor };
    return { ...signReceipt(text(input, 'network'), stated, keyPair) };
  },
  may_serve: (input) => {
    const consent = {
      grants: requestsOf(input, 'grants', 'grant'),
      policies: requestsOf(input, 'policies', 'policy'),
      revocations: requestsOf(input, 'revocations', 'revoke'),
    };
    const request = {
      app: text(input, 'app'),
      wallet: text(input, 'wallet'),
      epoch: number(input, 'epoch'),
      asker: askerOf(input),
      keys: list(input, 'keys') as { scope: string; epoch: number }[],
    };
    const served = mayServe(consent, request, number(input, 'now'));
    return served.length === 0 ? REFUSED : { served: served.map(({ recipient: _, ...key }) => key) };
  },
  blob_key: (input) => ({ key: toHex(blobKey(bytes(input, 'scope_key'), bytes(input, 'id'))) }),
  seal_blob_chunk: (input) => {
    const block = sealBlobChunk(chunkPlaceOf(input), bytes(input, 'chunk'));
    return {
      length: block.length,
      blake2b256: toHex(blake2b256(block)),
      cid: blobChunkCid(block),
      block: toHex(block),
    };
  },
  open_blob_chunk: (input) => ({ chunk: toHex(openBlobChunk(chunkPlaceOf(input), bytes(input, 'block'))) }),
  blob_top: (input) => {
    const top = encodeBlobTop({
      scope: text(input, 'scope'),
      epoch: number(input, 'epoch'),
      id: bytes(input, 'id'),
      size: number(input, 'size'),
      chunks: list(input, 'chunks').map(String),
    });
    return { top: toHex(top), cid: blobCid(top) };
  },
  open_blob_top: (input) => {
    const { id, ...rest } = decodeBlobTop(bytes(input, 'top'), text(input, 'cid'));
    return { id: toHex(id), ...rest };
  },
  fee: (input) => {
    const prices = { perOperation: amount(input, 'per_operation'), perMiB: amount(input, 'per_mib') };
    return { fee: fee({ count: number(input, 'count'), bytes: number(input, 'bytes'), ...prices }).toString() };
  },
  settlement_leaf: (input) => ({
    leaf: toHex(
      settlementLeaf({
        batchId: bytes(input, 'batch_id'),
        hash: bytes(input, 'hash'),
        count: number(input, 'count'),
        bytes: number(input, 'bytes'),
        fee: amount(input, 'fee'),
      }),
    ),
  }),
  remark: (input) => ({
    remark: toHex(
      remark({
        network: text(input, 'network'),
        round: number(input, 'round'),
        app: bytes(input, 'app'),
        root: bytes(input, 'root'),
        leaves: number(input, 'leaves'),
        operations: number(input, 'operations'),
        bytes: number(input, 'bytes'),
        fee: amount(input, 'fee'),
      }),
    ),
  }),
  parse_remark: (input) => {
    const {
      network,
      round,
      app,
      root,
      leaves,
      operations,
      bytes: size,
      fee: charged,
    } = parseRemark(bytes(input, 'remark'));
    return {
      network,
      round,
      app: toHex(app),
      root: toHex(root),
      leaves,
      operations,
      bytes: size,
      fee: charged.toString(),
    };
  },
};
