// Headers, messages, whole batches and disclosures, from docs/formats.md ("Batches").
import { cat, H, isHex, lp, need, same, uint, unbase64url, unhex, utf8 } from './bytes.mjs';
import { checkEvent, commitmentOf, leafOf } from './events.mjs';
import { integer, members } from './json.mjs';
import { verify } from './signatures.mjs';
import { rootFromProof, treeOf } from './trees.mjs';

const UNSIGNED = ['v', 'network', 'app', 'wallet', 'source', 'seq', 'issuedAt', 'count', 'signer', 'algorithm', 'wrap'];

export function checkNetwork(value) {
  need(typeof value === 'string' && /^[a-z0-9-]{1,32}$/.test(value), 'network');
}
/** How a frame is signed: alike in headers and requests. */
export function checkSigning({ signer, algorithm, wrap }) {
  need(signer === 'wallet' || signer === 'app', 'signer');
  need(algorithm === 'ed25519' || algorithm === 'sr25519', 'algorithm');
  need(wrap === 'none' || wrap === 'bytes', 'wrap');
}

export function checkUnsignedHeader(header) {
  members(header, UNSIGNED, 'header');
  need(header.v === 1, 'v');
  checkNetwork(header.network);
  for (const key of [header.app, header.wallet]) need(isHex(key, 32) && !/^0*$/.test(key), 'key');
  unhex(header.source, 16, 'source');
  integer(header.seq, 'number');
  integer(header.issuedAt, 'number');
  need(integer(header.count, 'count') >= 1 && header.count <= 1000, 'count');
  checkSigning(header);
}
export function checkHeader(header) {
  members(header, [...UNSIGNED, 'signature'], 'header');
  const { signature, ...unsigned } = header;
  checkUnsignedHeader(unsigned);
  unhex(signature, 64, 'signature');
}

const key = (value) => unhex(value, 32, 'key');

export function messageOf(header, root) {
  need(root.length === 32, 'length');
  return cat(
    utf8('cere-ddc:batch:v1\n'),
    lp(utf8(header.network)),
    key(header.app),
    key(header.wallet),
    unhex(header.source, 16, 'source'),
    uint(header.seq, 8),
    uint(header.issuedAt, 8),
    uint(header.count, 4),
    root,
  );
}
export function batchIdOf(header, root) {
  need(root.length === 32, 'length');
  return H(
    cat(
      utf8('cere-ddc:batch-id:v1\n'),
      lp(utf8(header.network)),
      key(header.app),
      key(header.wallet),
      lp(utf8(header.signer)),
      unhex(header.source, 16, 'source'),
      uint(header.seq, 8),
      root,
    ),
  );
}

export function verifyHeader(header, root) {
  verify({
    algorithm: header.algorithm,
    wrap: header.wrap,
    publicKey: key(header.signer === 'app' ? header.app : header.wallet),
    message: messageOf(header, root),
    signature: unhex(header.signature, 64, 'signature'),
  });
}

/** A checked event with every scope as its commitment, as meta has it: members in the order of the format. */
function closed(event) {
  const { id, type, time, session, blob, scopes } = event;
  const commitments = Object.entries(scopes).map(([name, scope]) => [
    name,
    { commitment: Buffer.from(commitmentOf(scope)).toString('hex') },
  ]);
  return { id, type, time, session, blob, scopes: Object.fromEntries(commitments) };
}
export const metaText = (header, events) => JSON.stringify({ v: 1, header, events: events.map(closed) });

const head = (n) => (n < 24 ? 1 : n < 256 ? 2 : n < 65536 ? 3 : 5);
/** Length of the encrypted batch; `metaLength` where the client has encrypted the meta. */
function encryptedSize(header, events, metaLength) {
  const meta = metaLength ?? 94 + utf8(metaText(header, events)).length;
  let total = 104 + head(meta) + meta + head(events.length);
  for (const { scopes } of events) {
    total += head(Object.keys(scopes).length);
    for (const [name, scope] of Object.entries(scopes)) {
      const envelope = 'data' in scope ? 94 + utf8(scope.data).length : unbase64url(scope.envelope ?? '').length;
      if (envelope > 0) total += head(name.length) + name.length + head(envelope) + envelope;
    }
  }
  return total;
}

/** All of a batch whose header and events were checked, but its age. */
export function verifyBatch(header, events, network, metaLength) {
  need(header.network === network, 'network');
  need(header.count === events.length, 'count');
  need(new Set(events.map(({ id }) => id)).size === events.length, 'id');
  need(encryptedSize(header, events, metaLength) <= 1_000_000, 'batch_too_large');
  const root = treeOf(events.map(leafOf));
  verifyHeader(header, root);
  return root;
}

export function batch({ header, events }) {
  checkHeader(header);
  return verifyBatch(header, events.map(checkEvent), header.network);
}

export function included({ leaf, index, count, proof, root }) {
  need(leaf.length === 32 && same(rootFromProof(leaf, index, count, proof), root), 'proof');
}

/** The data that a disclosure opens, by scope. */
export function disclosed(disclosure) {
  members(disclosure, ['header', 'index', 'proof', 'event'], 'disclosure');
  const { header, index, proof, event } = disclosure;
  checkHeader(header);
  const scopes = Object.entries(checkEvent(event).scopes);
  need(!scopes.some(([, scope]) => 'envelope' in scope), 'disclosure');
  need(Array.isArray(proof), 'proof');
  const hashes = proof.map((hash) => unhex(hash, 32, 'proof'));
  verifyHeader(header, rootFromProof(leafOf(event), index, header.count, hashes));
  return Object.fromEntries(scopes.filter(([, scope]) => 'data' in scope).map(([name, { data }]) => [name, data]));
}
