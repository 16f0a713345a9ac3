import {
  blobCid,
  type Content,
  encryptionKeyPairFromSeed,
  type KindName,
  keyPairFromSeed,
  type SignedRequest,
  signRequest,
  toBase64url,
  toHex,
  utf8,
  ZERO_KEY,
} from '../../protocol/index.ts';
import { app } from './api.ts';

/** What to send before anything is broken about it. */
export interface Shot {
  readonly path: string;
  readonly body: Buffer;
  readonly bearer?: string;
}

/** From 0 up to, and without, `below`. */
type Draw = (below: number) => number;

/** Not the wallet of the batches: an erasure would close it. */
const WALLETS = 16;
const HOUR = 3_600_000;
const NETWORK = 'cere-sandbox';
const APP = toHex(app.publicKey);

const PATHS = {
  recipient: '/v1/certificates',
  policy: '/v1/policies',
  grant: '/v1/grants',
  revoke: '/v1/revocations',
  keys: '/v1/keys',
  move: '/v1/moves',
  erase: '/v1/erasures',
  reopen: '/v1/reopenings',
  associate: '/v1/associations',
} as const satisfies Partial<Record<KindName, string>>;
type Sent = keyof typeof PATHS;
/** Nobody's. */
const BLOB = blobCid(new Uint8Array(1));
const KINDS = Object.keys(PATHS) as Sent[];
const OPERATIONS = [
  'grants.read',
  'access.read',
  'removals.read',
  'keys.fetch',
  'disclosures.read',
  'crypto.encrypt',
  'crypto.decrypt',
  'move',
  'wallets.read',
  'blobs.write',
  'blobs.read',
];

const pick = <T>(from: readonly T[], draw: Draw): T => from[draw(from.length)] as T;
const bytes = (length: number, draw: Draw) => Uint8Array.from({ length }, () => draw(256));
const walletOf = (draw: Draw) => keyPairFromSeed('ed25519', new Uint8Array(32).fill(100 + draw(WALLETS)));
const encryptionKeyOf = (draw: Draw) => encryptionKeyPairFromSeed(new Uint8Array(32).fill(draw(4))).publicKey;

/** A signed request of any kind, or a call with a token, as a client would send it; some name what is not there. */
export function someShot(draw: Draw): Shot {
  return draw(2) === 0 ? signedShot(draw) : tokenShot(draw);
}

function signedShot(draw: Draw): Shot {
  const kind = pick(KINDS, draw);
  const wallet = walletOf(draw);
  const expiresAt = Date.now() + (draw(2) === 0 ? 500 : HOUR);
  const x25519 = encryptionKeyOf(draw);
  const scopes = draw(2) === 0 ? ['purchase'] : ['purchase', 'geo', '__meta'];
  const contents: { [K in Sent]: Content<K> } = {
    recipient: { x25519, expiresAt },
    policy: { scopes, recipients: draw(2) === 0 ? 'app' : [walletOf(draw).publicKey], expiresAt },
    grant: { grantor: wallet.publicKey, scope: 'purchase', fromEpoch: draw(3), recipient: x25519, expiresAt },
    revoke: { grant: smallId(draw) },
    keys: { scopes, recipient: x25519 },
    move: { mode: draw(2) === 0 ? 'client' : 'service', subject: bytes(32, draw), epoch: draw(4) },
    erase: {},
    reopen: {},
    associate: { cluster: draw(2) === 0 ? 'cere-mainnet' : 'nowhere' },
  };
  const head = { kind, wallet, content: contents[kind], id: toHex(smallId(draw)) };
  return { path: PATHS[kind], body: Buffer.from(JSON.stringify(sign(head))) };
}

/** Few ids, so that some come again: with the same bytes, and with others. */
const smallId = (draw: Draw) => new Uint8Array(16).fill(draw(64));

function tokenShot(draw: Draw): Shot {
  const wallet = walletOf(draw);
  const { publicKey } = wallet;
  const operations = [pick(OPERATIONS, draw)];
  const content = { audience: NETWORK, operations, wallet: publicKey, key: publicKey, expiresAt: Date.now() + HOUR };
  const token = sign({ kind: 'token', wallet, content, id: toHex(bytes(16, draw)) });
  const bearer = toBase64url(utf8(JSON.stringify(token)));
  const own = `/v1/wallets/${toHex(publicKey)}/apps/${APP}`;
  const other = toHex(walletOf(draw).publicKey);
  const path = pick(
    [
      `${own}/grants`,
      `${own}/access-log`,
      `${own}/access-log?after=${pick(['x', 'W10', '%ff', ''], draw)}`,
      `${own}/access-log?limit=${pick(['1', '0', '9e9', 'x', '-1'], draw)}`,
      `${own}/removals/${toHex(smallId(draw))}`,
      `/v1/wallets/${other}/apps/${APP}/grants`,
      `/v1/certificates/${other}`,
      `/v1/certificates/%00${other}`,
      `${own}/disclosures`,
      `/v1/wallets/${other}/apps/${APP}/disclosures?limit=${pick(['1', '0', 'x'], draw)}`,
      `${own}/disclosures?after=${pick(['1', `0.${'00'.repeat(32)}.9`], draw)}`,
      `${own}/blobs?upload=${pick([toHex(smallId(draw)), 'x', ''], draw)}`,
      `${own}/blobs?upload=${toHex(smallId(draw))}&scope=${pick(['photos', '__meta', '%ff'], draw)}`,
      `${own}/blobs/${pick([BLOB, 'bafy', '%00', '..'], draw)}`,
      `/v1/wallets/${other}?limit=${pick(['1', '0', 'x'], draw)}`,
      `/v1/wallets/${toHex(publicKey)}`,
      `/v1/apps/${APP}`,
      `/v1/apps/${APP}/wallets`,
      '/v1/crypto/encrypt',
      '/v1/crypto/decrypt',
      '/v1/keys/fetch',
      '/v1/moves/prepare',
    ],
    draw,
  );
  return { path, body: Buffer.from(JSON.stringify({ app: APP, wallet: other, ...askedOf(path) })), bearer };
}

function askedOf(path: string): object {
  const envelope = toBase64url(new Uint8Array(94).fill(1));
  if (path === '/v1/keys/fetch') return { scopes: ['purchase'] };
  if (path === '/v1/crypto/encrypt') return { events: [{ id: 'e', scopes: { purchase: '{"sum":5}' } }] };
  if (path === '/v1/crypto/decrypt')
    return { rootVersion: 1, subject: '11'.repeat(32), items: [{ eventId: 'e', scope: 'purchase', envelope }] };
  return {};
}

function sign<K extends KindName>(of: {
  kind: K;
  wallet: ReturnType<typeof walletOf>;
  content: Content<K>;
  id: string;
}): SignedRequest<K> {
  const { kind, wallet, content, id } = of;
  const head = {
    network: NETWORK,
    app: kind === 'recipient' || kind === 'associate' ? ZERO_KEY : APP,
    wallet: toHex(wallet.publicKey),
  };
  const how = { issuedAt: Date.now(), signer: 'wallet', algorithm: 'ed25519', wrap: 'none' } as const;
  return signRequest({ kind, ...head, id, ...how, content }, wallet);
}
