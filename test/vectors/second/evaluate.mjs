// The operations of the vectors by a second implementation, from docs/formats.md alone, on @noble, @scure, @ipld/dag-cbor and Node: it shares no code with
// protocol/, whose cryptography is libsodium's.
import { isDeepStrictEqual } from 'node:util';
import { batch, batchIdOf, checkUnsignedHeader, disclosed, included, messageOf } from './batches.mjs';
import { blobKey, decodeTop, encodeTop, openChunk, rawCid, sealChunk, topCid } from './blobs.mjs';
import { body } from './bodies.mjs';
import { anyHex, cat, H, hex, need, Refused, uint, unhex, utf8 } from './bytes.mjs';
import { marked, shown } from './cbor.mjs';
import { mayServe } from './consent.mjs';
import { open, recordKeys, scopeKeyOf, seal, subjectOf } from './envelopes.mjs';
import { checkEvent, commitment, preimage } from './events.mjs';
import { openSealed, pairOf, transitPair, unwrapRoot, wrapRoot } from './keys.mjs';
import { openMeta, sealMeta } from './meta.mjs';
import { signReceipt, verifyReceipt } from './receipts.mjs';
import { bearer, checkTime, signRequest, verifyRequest } from './requests.mjs';
import { amount, feeOf, parseRemark, remark, settlementLeaf } from './settlement.mjs';
import { verify } from './signatures.mjs';
import { treeOf } from './trees.mjs';

function leavesOf(leaves) {
  if (Array.isArray(leaves)) return leaves.map(anyHex);
  const { count, label } = leaves.generate;
  return Array.from({ length: count }, (_, i) => H(cat(utf8(label), uint(i, 4))));
}

/** Headers in vectors come with and without their signature. */
function unsignedOf({ signature: _, ...header }) {
  checkUnsignedHeader(header);
  return header;
}

const placeOf = (input) => ({
  scopeKey: anyHex(input.scope_key),
  epoch: input.epoch,
  app: anyHex(input.app),
  subject: anyHex(input.subject),
  eventId: input.event_id,
  scope: input.scope,
});
const envelopeOut = (envelope) => ({
  length: envelope.length,
  blake2b256: hex(H(envelope)),
  envelope: hex(envelope),
});

const chunkPlaceOf = ({ key, index, last }) => ({ key: anyHex(key), index, last });

const ownerOf = ({ kek, app, wallet }) => ({ kek: anyHex(kek), app: anyHex(app), wallet: anyHex(wallet) });
const metaKeyOf = ({ root, app, epoch }) => ({ userRoot: anyHex(root), app: anyHex(app), epoch });

const OPERATIONS = {
  commitment: ({ salt, data }) => ({ commitment: hex(commitment(unhex(salt, 16, 'salt'), data)) }),
  leaf: ({ event }) => {
    const hashed = preimage(checkEvent(event));
    return { preimage: hex(hashed), leaf: hex(H(hashed)) };
  },
  tree: ({ leaves }) => ({ root: hex(treeOf(leavesOf(leaves))) }),
  message: ({ header, root }) => ({ message: hex(messageOf(unsignedOf(header), anyHex(root))) }),
  batch_id: ({ header, root }) => ({ batch_id: hex(batchIdOf(unsignedOf(header), anyHex(root))) }),
  verify: ({ algorithm, wrap, public_key, message, signature }) => {
    verify({
      algorithm,
      wrap,
      publicKey: anyHex(public_key),
      message: anyHex(message),
      signature: anyHex(signature),
    });
    return { verified: true };
  },
  batch: (input) => ({ root: hex(batch(input)) }),
  inclusion: ({ leaf, index, count, proof, root }) => {
    included({ leaf: anyHex(leaf), index, count, proof: proof.map(anyHex), root: anyHex(root) });
    return { included: true };
  },
  disclosure: ({ scope, ...disclosure }) => {
    const opened = disclosed(disclosure);
    need(scope === undefined || Object.hasOwn(opened, scope), 'scope');
    return { opened };
  },
  subject: ({ root }) => ({ subject: hex(subjectOf(anyHex(root))) }),
  scope_key: ({ root, app, scope, epoch }) => ({
    scope_key: hex(scopeKeyOf(anyHex(root), anyHex(app), scope, epoch)),
  }),
  record_key: ({ scope_key, nonce, aad }) => {
    const keys = recordKeys(anyHex(scope_key), anyHex(nonce), anyHex(aad));
    return { record_key: hex(keys.recordKey), commitment: hex(keys.commitment) };
  },
  seal: (input) => envelopeOut(seal(placeOf(input), anyHex(input.salt), input.data, anyHex(input.nonce))),
  open: (input) => {
    const known = input.commitment === undefined ? undefined : anyHex(input.commitment);
    const { salt, data } = open(placeOf(input), anyHex(input.envelope), known);
    return { salt: hex(salt), data };
  },
  body: (input) => {
    const { root, batchId, mode } = body(anyHex(input.body), input.format, input.network);
    return { root: hex(root), batch_id: hex(batchId), mode };
  },
  seal_meta: (input) => envelopeOut(sealMeta(metaKeyOf(input), input.header, input.events, anyHex(input.nonce))),
  open_meta: (input) => {
    const { root, batchId, header, events } = openMeta(metaKeyOf(input), anyHex(input.envelope));
    return { root: hex(root), batch_id: hex(batchId), header, events };
  },
  wrap_root: (input) => ({
    wrapped: hex(wrapRoot(ownerOf(input), input.kek_version, anyHex(input.root), anyHex(input.nonce))),
  }),
  unwrap_root: (input) => {
    const { userRoot, kekVersion } = unwrapRoot(ownerOf(input), anyHex(input.wrapped));
    return { root: hex(userRoot), kek_version: kekVersion };
  },
  transit_key: ({ root }) => {
    const { publicKey, secretKey } = transitPair(anyHex(root));
    return { public_key: hex(publicKey), secret_key: hex(secretKey) };
  },
  open_transit: ({ root, sealed }) => ({
    body: hex(openSealed(transitPair(anyHex(root)), anyHex(sealed), 'transit')),
  }),
  blob_key: ({ scope_key, id }) => ({ key: hex(blobKey(anyHex(scope_key), anyHex(id))) }),
  seal_blob_chunk: (input) => {
    const block = sealChunk(chunkPlaceOf(input), anyHex(input.chunk));
    return { length: block.length, blake2b256: hex(H(block)), cid: rawCid(block), block: hex(block) };
  },
  open_blob_chunk: (input) => ({ chunk: hex(openChunk(chunkPlaceOf(input), anyHex(input.block))) }),
  blob_top: ({ id, ...rest }) => {
    const top = encodeTop({ id: anyHex(id), ...rest });
    return { top: hex(top), cid: topCid(top) };
  },
  open_blob_top: ({ top, cid }) => {
    const { id, ...rest } = decodeTop(anyHex(top), cid);
    return { id: hex(id), ...rest };
  },
  fee: ({ count, bytes, per_operation, per_mib }) => ({
    fee: String(feeOf(count, bytes, amount(per_operation), amount(per_mib))),
  }),
  settlement_leaf: ({ batch_id, hash, fee, ...counts }) => ({
    leaf: hex(settlementLeaf({ batchId: anyHex(batch_id), hash: anyHex(hash), fee: amount(fee), ...counts })),
  }),
  remark: ({ app, root, fee, ...rest }) => ({
    remark: hex(remark({ app: anyHex(app), root: anyHex(root), fee: amount(fee), ...rest })),
  }),
  parse_remark: (input) => parseRemark(anyHex(input.remark)),
  request: (input) => {
    const request = verifyRequest(input.request, input.network);
    checkTime(request, input.now);
    return { message: hex(request.message), hash: hex(request.hash), content: shown(request.content) };
  },
  bearer: (input) => bearer(input.bearer, input.network, input.now),
  sign_request: ({ seed, fields, content }) => signRequest(anyHex(seed), fields, marked(content)),
  open_scope_key: (input) => {
    const pair = pairOf(anyHex(input.seed));
    const sealed = anyHex(input.sealed);
    need(sealed.length === 80, 'sealed_key');
    return { public_key: hex(pair.publicKey), scope_key: hex(openSealed(pair, sealed, 'sealed_key')) };
  },
  may_serve: (input) => ({ served: mayServe(input) }),
  receipt: ({ receipt, network, key }) => ({ stated: shown(verifyReceipt(receipt, network, anyHex(key))) }),
  sign_receipt: ({ network, seed, stated }) => signReceipt(anyHex(seed), network, marked(stated)),
};

/** Writes out `{repeat, times}`. */
function expand(value) {
  if (Array.isArray(value)) return value.map(expand);
  if (typeof value !== 'object' || value === null) return value;
  if (typeof value.repeat === 'string' && typeof value.times === 'number') return value.repeat.repeat(value.times);
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, expand(member)]));
}

function answerOf(operation, input) {
  try {
    return { out: operation(input) };
  } catch (error) {
    if (error instanceof Refused) return { refused: error.message };
    throw error;
  }
}

/**
 * What is wrong with a case, or undefined. A refusal carries the very code that the case names. An operation that is not known is a fault, and a crash is no
 * refusal: it is thrown.
 */
export function faultOf({ op, valid, in: input, out, error }) {
  if (!Object.hasOwn(OPERATIONS, op)) return `operation ${op} is not known`;
  const { out: answer, refused } = answerOf(OPERATIONS[op], expand(input));
  if (!valid) {
    if (answer !== undefined) return `answered ${JSON.stringify(answer)}, to be refused by ${error}`;
    return error === undefined || error === refused ? undefined : `refused by ${refused}, not by ${error}`;
  }
  if (answer === undefined) return `refused by ${refused}`;
  const wrong = Object.keys(out).filter((name) => !isDeepStrictEqual(answer[name], expand(out[name])));
  return wrong.length === 0 ? undefined : `another ${wrong.join(', ')}: ${JSON.stringify(answer)}`;
}
