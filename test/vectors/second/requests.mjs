// Signed requests, certificates and tokens, from docs/formats.md ("Requests").
import { checkNetwork, checkSigning } from './batches.mjs';
import { attempt, base64url, cat, H, hex, isHex, lp, need, textOf, uint, unbase64url, unhex, utf8 } from './bytes.mjs';
import { decode, encode } from './cbor.mjs';
import { checkLabel, checkScopeName, isEventId } from './events.mjs';
import { integer, isObject, members } from './json.mjs';
import { checkX25519 } from './keys.mjs';
import { signEd25519, verify, wrapped } from './signatures.mjs';

const ZERO = '0'.repeat(64);
const MINUTE = 60_000;
const DAY = 1440 * MINUTE;

const bytes = (size, code) => (value) => need(value instanceof Uint8Array && value.length === size, code);
const publicKey = (code) => (value) => {
  bytes(32, code)(value);
  need(hex(value) !== ZERO, code);
};
const number = (code, top) => (value) => integer(value, code, top);
const epoch = number('epoch', 2 ** 32 - 1);
const end = number('expires');
const scope = (value) => checkScopeName(value, true);
const label = (code) => (value) => checkLabel(value, code);
/** A list of `most` different elements, or fewer. */
const list = (code, most, check) => (value) => {
  need(Array.isArray(value) && value.length >= 1 && value.length <= most, code);
  value.forEach(check);
  const told = value.map((one) => (one instanceof Uint8Array ? hex(one) : one));
  need(new Set(told).size === value.length, code);
};
const wordOr = (word, check) => (value) => value === word || check(value);

/** The members of each kind's body, each with its check. */
const KINDS = {
  recipient: { x25519: checkX25519, expiresAt: end },
  policy: {
    scopes: list('scopes', 64, scope),
    recipients: wordOr('app', list('recipients', 64, publicKey('recipients'))),
    expiresAt: end,
  },
  grant: { grantor: publicKey('grantor'), scope, fromEpoch: epoch, recipient: checkX25519, expiresAt: end },
  revoke: { grant: bytes(16, 'grant') },
  keys: { scopes: list('scopes', 64, scope), recipient: checkX25519 },
  erase: {},
  reopen: {},
  move: {
    mode: (value) => need(value === 'service' || value === 'client', 'mode'),
    subject: bytes(32, 'subject'),
    epoch,
  },
  token: {
    audience: label('audience'),
    operations: list('operations', 64, (value) =>
      need(typeof value === 'string' && /^[a-z0-9.-]{1,64}$/.test(value), 'operations'),
    ),
    wallet: wordOr('*', publicKey('token_wallet')),
    key: publicKey('token_key'),
    expiresAt: end,
  },
  disown: { token: bytes(16, 'token') },
  remove: {
    events: list('selector', 1000, (value) => need(isEventId(value), 'selector')),
    from: number('selector'),
    to: number('selector'),
    session: label('selector'),
  },
  associate: { cluster: (value) => need(typeof value === 'string' && /^[a-z0-9-]{1,32}$/.test(value), 'cluster') },
};

/** What the members of a body must be to one another, and to the frame. */
const RELATIONS = {
  recipient: ({ app }) => need(app === ZERO, 'key'),
  associate: ({ app }) => need(app === ZERO, 'key'),
  grant: ({ wallet }, { grantor }) => need(hex(grantor) === wallet, 'grantor'),
  token: ({ wallet, signer, issuedAt }, content) => {
    const all = content.wallet === '*';
    need(wallet === (all ? ZERO : hex(content.wallet)), 'token_wallet');
    need(!all || signer === 'app', 'author');
    need(content.expiresAt - issuedAt <= DAY, 'expires');
  },
  disown: ({ wallet, signer }) => need(wallet !== ZERO || signer === 'app', 'key'),
  remove: (_, content) => {
    need(['events', 'from,to', 'session'].includes(Object.keys(content).sort().join()), 'selector');
    if ('from' in content) need(content.from < content.to, 'selector');
  },
};

/** The kinds that an app signs, too, for all its wallets or for one. */
const BY_APP = ['token', 'disown'];

const MEMBERS = [
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
];

function contentOf(request) {
  const { kind, body } = request;
  need(typeof body === 'string', 'request_body');
  const raw = unbase64url(body);
  need(raw.length <= 65_536, 'request_body');
  const content = decode(raw);
  need(isObject(content) && !(content instanceof Uint8Array), 'request_body');
  const checks = KINDS[kind];
  for (const name of Object.keys(content)) need(Object.hasOwn(checks, name), 'field');
  for (const [name, check] of Object.entries(checks)) {
    if (kind !== 'remove' || name in content) check(content[name]);
  }
  if ('expiresAt' in content) need(content.expiresAt > request.issuedAt, 'expires');
  RELATIONS[kind]?.(request, content);
  return content;
}

/** `expected`: the kind that belongs here. */
function checkForm(request, expected) {
  members(request, MEMBERS, 'request', []);
  const { kind, network, app, wallet, id, issuedAt, signer, signature } = request;
  need(typeof kind === 'string' && Object.hasOwn(KINDS, kind) && (expected ?? kind) === kind, 'kind');
  checkNetwork(network);
  need(isHex(app, 32) && (app !== ZERO || kind === 'recipient' || kind === 'associate'), 'key');
  need(isHex(wallet, 32) && (wallet !== ZERO || BY_APP.includes(kind)), 'key');
  unhex(id, 16, 'request_id');
  integer(issuedAt, 'number');
  checkSigning(request);
  need(signer === 'wallet' || BY_APP.includes(kind), 'author');
  unhex(signature, 64, 'signature');
  return contentOf(request);
}

function messageOf({ kind, network, app, wallet, id, issuedAt, body }) {
  return cat(
    utf8(`cere-ddc:${kind}:v1\n`),
    lp(utf8(network)),
    unhex(app, 32, 'key'),
    unhex(wallet, 32, 'key'),
    unhex(id, 16, 'request_id'),
    uint(issuedAt, 8),
    lp(unbase64url(body)),
  );
}

/** The request with its `content`, `message` and `hash`; its time is not looked at. */
/** `by`: the key that must have signed where it is not the author's own. */
export function verifyRequest(request, network, expected, by) {
  const content = checkForm(request, expected);
  need(request.network === network, 'network');
  const message = messageOf(request);
  const { algorithm, wrap, signer, app, wallet, signature } = request;
  const key = unhex(by ?? (signer === 'app' ? app : wallet), 32, 'key');
  verify({ algorithm, wrap, publicKey: key, message, signature: unhex(signature, 64, 'signature') });
  return { ...request, content, message, hash: H(message) };
}

export function checkTime({ kind, issuedAt, content }, now) {
  if (kind !== 'recipient' && kind !== 'token') {
    need(Math.abs(now - issuedAt) <= 5 * MINUTE, 'request_stale');
    return;
  }
  need(now >= issuedAt, 'not_yet');
  need(now < content.expiresAt, 'expired');
}

/** What a token as it is sent allows, from docs/formats.md ("A bearer"). */
export function bearer(text, network, now) {
  const raw = textOf(unbase64url(text));
  const value = attempt('json', () => JSON.parse(raw));
  const delegated = isObject(value) && 'chain' in value;
  if (delegated)
    need(Array.isArray(value.chain) && value.chain.length === 2 && Object.keys(value).length === 1, 'token_chain');
  const verified = (token, by) => {
    const request = verifyRequest(token, network, 'token', by);
    checkTime(request, now);
    return request;
  };
  const first = verified(delegated ? value.chain[0] : value);
  const author = first.signer === 'app' ? first.app : first.wallet;
  const key = hex(first.content.key);
  if (!delegated) need(key === author, 'token_chain');
  const last = delegated ? verified(value.chain[1], key) : first;
  if (delegated) {
    const [outer, inner] = [first.content, last.content];
    const kept = outer.wallet === '*' || first.wallet === last.wallet;
    const inside =
      inner.operations.every((one) => outer.operations.includes(one)) && inner.expiresAt <= outer.expiresAt;
    const same = hex(inner.key) === key && inner.audience === outer.audience && first.app === last.app;
    need(kept && inside && same && first.signer === last.signer, 'token_chain');
  }
  const ends = [{ author, token: first.id }];
  if (delegated) ends.push({ author, token: last.id }, { author: key, token: last.id });
  const { audience, operations, expiresAt, wallet } = last.content;
  const whose = wallet === '*' ? '*' : last.wallet;
  return { app: last.app, wallet: whose, signer: last.signer, audience, operations, expiresAt, ends };
}

/** Only with ed25519: sr25519 signs with randomness. */
export function signRequest(seed, fields, content) {
  const request = { ...fields, body: base64url(encode(content)), signature: '0'.repeat(128) };
  checkForm(request);
  need(request.algorithm === 'ed25519', 'algorithm');
  return { body: request.body, signature: hex(signEd25519(seed, wrapped(messageOf(request), request.wrap))) };
}
