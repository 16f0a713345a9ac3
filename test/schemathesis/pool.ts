import { encodeNdjson, encodeSs58, fromUtf8, toBase64url, toHex } from '../../protocol/index.ts';
import { OPERATIONS } from '../../services/api/auth/operations.ts';
import { batchOf, type Cast, disownOf, random, requestOf, tokenOf } from './cast.ts';
import { declarationOf, offerOf, partnerOf, replayOf } from './export-bodies.ts';

/** What is there, as the answers said when it was made: hex, CIDs and ids. */
export interface Standing {
  readonly batchIds: readonly string[];
  readonly eventIds: readonly string[];
  readonly cids: readonly string[];
  readonly removalIds: readonly string[];
  /** Ids of grants and policies that can be revoked. */
  readonly grantIds: readonly string[];
  /** Exports and replays by what may become of them: each stays as its own operations leave it. */
  readonly exports: Readonly<Record<'shown' | 'paused' | 'resumed' | 'removed', string>>;
  readonly replays: Readonly<Record<'shown' | 'paused' | 'resumed' | 'cancelled', readonly string[]>>;
}

const PREFIXES = [2, 42, 54];
const EACH = 24;
/** Of what a deployment takes 20 of in all. */
const FEW = 4;
const json = (bodies: readonly unknown[]) => ({ 'application/json': bodies });

/** What `hooks.py` takes from: signed now, and good for five minutes. */
export function poolOf(cast: Cast, standing: Standing) {
  const { app, staying } = cast;
  const { exports, replays } = standing;
  const addresses = (keys: readonly Uint8Array[]) =>
    keys.flatMap((key) => [toHex(key), ...PREFIXES.map((prefix) => encodeSs58({ prefix, key }))]);
  const own = staying.map((account) => tokenOf(cast, account, OPERATIONS));
  return {
    tokens: Object.fromEntries(
      staying.flatMap((account, i) => addresses([account.publicKey]).map((address) => [address, `Bearer ${own[i]}`])),
    ),
    appToken: `Bearer ${tokenOf(cast, app, OPERATIONS)}`,
    /** Of a wallet to whose key another has granted something. */
    partnerToken: `Bearer ${tokenOf(cast, partnerOf(cast), OPERATIONS)}`,
    byPartner: ['/v1/apps/{app}/attached-exports'],
    badTokens: badTokens(cast),
    values: {
      ...{ wallet: addresses(staying.map((one) => one.publicKey)), app: addresses([app.publicKey]) },
      ...{ batchId: standing.batchIds, '/v1/batches/{id} id': standing.batchIds },
      ...{ eventId: standing.eventIds, cid: standing.cids },
      '/v1/wallets/{wallet}/apps/{app}/removals/{id} id': standing.removalIds,
      '/v1/apps/{app}/exports/{name} name': Object.values(exports),
      '/v1/apps/{app}/exports/{name}/pause name': [exports.paused],
      '/v1/apps/{app}/exports/{name}/resume name': [exports.resumed],
      '/v1/apps/{app}/exports/{name}/remove name': [exports.removed],
      '/v1/apps/{app}/replays/{replay} replay': Object.values(replays).flat(),
      '/v1/apps/{app}/replays/{replay}/pause replay': replays.paused,
      '/v1/apps/{app}/replays/{replay}/resume replay': replays.resumed,
      '/v1/apps/{app}/replays/{replay}/cancel replay': replays.cancelled,
      type: ['Sale'],
      code: ['unauthorized', 'bug', 'signature'],
    },
    checked: ['wallet', 'app', 'cid'],
    /** Address → key: an address has many forms. */
    keys: Object.fromEntries(
      [app, ...staying].flatMap(({ publicKey }) => addresses([publicKey]).map((one) => [one, toHex(publicKey)])),
    ),
    queries: { '/v1/wallets/{wallet}/apps/{app}/blobs': { upload: toHex(random(16)) } },
    /** Part of a query of every request that does not ask for something wrong there: a stream that follows would last for minutes. */
    always: Object.fromEntries(
      ['/v1/wallets/{wallet}/apps/{app}/event-stream', '/v1/apps/{app}/event-stream'].map((path) => [
        path,
        { seconds: '0' },
      ]),
    ),
    byApp: ['/v1/crypto/decrypt'],
    /** What others are asked within is said last as it should be: what examples say replaces it. */
    last: ['/v1/apps/{app}/export-offer'],
    bodies: bodiesOf(cast, standing),
  };
}

/** Expired, for nothing that is asked here, of an app without the right, and no token at all. */
function badTokens(cast: Cast): string[] {
  const [wallet = cast.app] = cast.staying;
  const tokens = [
    tokenOf(cast, wallet, OPERATIONS, -1_000),
    tokenOf(cast, wallet, ['move']),
    tokenOf(cast, cast.app, ['batches.write']),
    'e30',
    'x',
  ];
  return tokens.map((token) => `Bearer ${token}`);
}

/** Path → media type → bodies that are right in every byte. */
function bodiesOf(cast: Cast, { batchIds, eventIds, grantIds, exports }: Standing) {
  const { staying, moved, erased, encryptionKeys } = cast;
  const one = <T>(from: readonly T[], i: number): T => from[i % from.length] as T;
  const some = <T>(make: (i: number) => T, count = EACH): T[] => Array.from({ length: count }, (_, i) => make(i));
  const ofStaying = (kind: Parameters<typeof requestOf>[2], content: (i: number) => Record<string, unknown>) =>
    json(some((i) => requestOf(cast, one(staying, i), kind, content(i))));
  const batches = some((i) => batchOf(cast, one([...staying, ...moved, ...erased], i), 1 + (i % 3)));
  const plain = batches.map(({ header, events }) => ({ header, events }));
  const owner = (i: number) => ({ app: toHex(cast.app.publicKey), wallet: toHex(one(staying, i).publicKey) });
  const envelope = toBase64url(random(94));
  const key = (i: number) => one(encryptionKeys, i);
  const partner = partnerOf(cast);
  return {
    '/v1/apps/{app}/exports': json(some(() => declarationOf(cast), FEW)),
    '/v1/apps/{app}/attached-exports': json(
      some(() => ({ ...declarationOf(cast, partner), types: ['PURCHASE'] }), FEW),
    ),
    '/v1/apps/{app}/export-offer': json(
      some((i) => ({ ...offerOf(), ...(i % 2 === 0 ? {} : { partners: [toHex(partner.publicKey)] }) })),
    ),
    '/v1/apps/{app}/replays': json(some((i) => replayOf(cast, i % 3 === 2 ? exports.shown : null), FEW)),
    '/v1/batches': { ...json(plain), 'application/x-ndjson': plain.map((batch) => fromUtf8(encodeNdjson(batch))) },
    '/v1/events': json(
      some((i) => {
        const { header, events } = batchOf(cast, one(staying, i), 1);
        return { header, event: events[0] };
      }),
    ),
    '/v1/batches/status': json(some((i) => ({ ids: batchIds.slice(0, 1 + (i % batchIds.length)) }))),
    '/v1/apps/{app}/batch-events': json(
      some((i) => ({ ids: batchIds.slice(0, 1 + (i % batchIds.length)), decrypt: i % 2 === 1 })),
    ),
    '/v1/certificates': ofStaying('recipient', (i) => ({ x25519: key(i) })),
    '/v1/policies': ofStaying('policy', (i) => ({ scopes: ['page', 'purchase'].slice(i % 2), recipients: 'app' })),
    '/v1/grants': ofStaying('grant', (i) => ({ scope: 'page', fromEpoch: 0, recipient: key(i + 1) })),
    '/v1/revocations': ofStaying('revoke', (i) => ({ grant: one(grantIds, i) })),
    '/v1/keys': ofStaying('keys', (i) => ({ scopes: ['page'], recipient: key(i) })),
    '/v1/associations': ofStaying('associate', (i) => ({ cluster: i % 4 === 3 ? 'nowhere' : 'cere-mainnet' })),
    '/v1/removals': ofStaying('remove', (i) => one([{ session: `s${i}` }, { events: [one(eventIds, i)] }], i)),
    '/v1/tokens/revoke': json(some((i) => disownOf(cast, one(staying, i)))),
    '/v1/erasures': json(some((i) => requestOf(cast, one(erased, i + 1), 'erase'))),
    '/v1/reopenings': json(some((i) => requestOf(cast, one(erased, i), 'reopen'))),
    '/v1/moves': json(
      some((i) => requestOf(cast, one(moved, i), 'move', { mode: 'client', subject: toHex(random(32)), epoch: 0 })),
    ),
    '/v1/wallets/{wallet}/apps/{app}/blobs': { 'application/octet-stream': some((i) => 'x'.repeat(i + 1)) },
    '/v1/moves/prepare': json(some(owner)),
    '/v1/keys/fetch': json(some((i) => ({ ...owner(i), scopes: ['page'] }))),
    '/v1/crypto/encrypt': json(
      some((i) => ({ ...owner(i), events: [{ id: `e${i}`, scopes: { page: `{"n":${i}}` } }] })),
    ),
    '/v1/crypto/decrypt': json(
      some((i) => ({
        ...{ ...owner(i), rootVersion: 1, subject: toHex(random(32)) },
        items: [{ eventId: one(eventIds, i), scope: 'page', envelope }],
      })),
    ),
  };
}
