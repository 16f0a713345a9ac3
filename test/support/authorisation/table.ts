import { randomBytes } from 'node:crypto';
import { encodeBearer, encryptionKeyPairFromSeed, toHex } from '../../../protocol/index.ts';
import { bearer, tokenOf } from '../call-api.ts';
import { HOUR, type Party } from '../reading-world.ts';
import { NOTHING_FOR_OTHERS, PUBLIC } from './columns.ts';
import { asEvent, asNdjson, batch, closedBatch, closedMove, signed } from './signatures.ts';
import { appToken, type TokenWay, token } from './tokens.ts';
import type { Call, Way } from './way.ts';
import { type AuthorisationWorld, REPLAYS } from './world.ts';

type Of = (world: AuthorisationWorld) => string;

const random = (length: number) => new Uint8Array(randomBytes(length));
const hex = (of: Party) => toHex(of.account.publicKey);
const at =
  (path: Of) =>
  (world: AuthorisationWorld): Call => ({ path: path(world) });
const inPlace = (what: string) => at(({ place }) => `${place}/${what}`);
const anyone = (path: Of, right = 200): Way => ({
  by: 'anyone',
  right,
  cells: PUBLIC,
  call: async (world) => ({ path: path(world) }),
});
const both = (way: TokenWay): Way[] => [token('owner', way), token('app', way)];
/** Another wallet is a reader to which nothing was granted. */
const all = (way: TokenWay, others = '200 nothing'): Way[] => {
  const reading = { ...way, cells: { 'another wallet': others } };
  return [token('owner', reading), token('app', way), token('reader', reading)];
};

/** Everything of a wallet that is new in the app that is not open: its own token, to which the app's belongs. */
const newcomer =
  (operation: string, call: (of: { app: string; wallet: string; place: string }) => Call) =>
  (world: AuthorisationWorld): Call => {
    const { account } = world.party('newcomer');
    const { publicKey: app } = world.closedApp;
    const [appHex, wallet] = [toHex(app), toHex(account.publicKey)];
    const headers = bearer({ keyPair: account, app, by: 'wallet', operations: [operation], now: world.now() });
    return { ...call({ app: appHex, wallet, place: `/v1/wallets/${wallet}/apps/${appHex}` }), headers };
  };

const EVENTS = [{ id: 'e', scopes: { purchase: '{"sum":1}' } }];
const upload = (place: string, body = 'bytes', id = toHex(random(16))): Call => ({
  ...{ path: `${place}/blobs?upload=${id}`, body, type: 'application/octet-stream' },
});
/** Sends the first upload of an id, and is the second, of other bytes. */
async function uploadAgain(world: AuthorisationWorld, first: Call): Promise<Call> {
  const { path, body, headers } = first;
  const answer = await fetch(`${world.it.url}${path}`, {
    method: 'POST',
    body: body as string,
    headers: headers ?? {},
  });
  if (!answer.ok) throw new Error(`the first upload was answered ${answer.status} ${await answer.text()}`);
  return { ...first, body: 'other bytes' };
}
const CLASH = { 'its id used again with other bytes': '409 request_clash' } as const;
const blobUpload: TokenWay = {
  operation: 'blobs.write',
  right: 201,
  call: ({ place }) => upload(place),
  async again(world) {
    const headers = world.token(world.owner, 'blobs.write');
    const { headers: _own, ...second } = await uploadAgain(world, { ...upload(world.place), headers });
    return second;
  },
  cells: CLASH,
};
const newUpload = newcomer('blobs.write', ({ place }) => upload(place));

const certificate = () => encryptionKeyPairFromSeed(random(32)).publicKey;
const hasWritten = (world: AuthorisationWorld, { account }: Party) =>
  world.it.vault.transit([{ app: world.app, wallet: account.publicKey }]);

const ANOTHER = { 'another wallet': '404 unknown_batch', 'another app': '404 unknown_batch' } as const;
/** Whoever the batch is not told to, as whoever has no token. */
const UNNAMED = {
  'no token': '200 nothing',
  'another wallet': '200 nothing',
  'another app': '200 nothing',
} as const;
const names = (text: string) => /"wallet":"[0-9a-f]{64}"/.test(text);
const status: Pick<TokenWay, 'operation' | 'tells' | 'cells'> = {
  operation: 'receipts.read',
  tells: names,
  cells: UNNAMED,
};
const unnamed = (call: (world: AuthorisationWorld) => Call): Way => ({
  ...{ by: 'anyone', right: '200 nothing', tells: names, cells: PUBLIC },
  call: async (world) => call(world),
});
const statuses = ({ batchId }: AuthorisationWorld): Call => ({
  path: '/v1/batches/status',
  body: JSON.stringify({ ids: [batchId] }),
});

const lists = (member: string) => (text: string) =>
  (JSON.parse(text) as Record<string, unknown[]>)[member]?.length !== 0;
const hasLine = (member: string) => (text: string) => text.split('\n').some((line) => line.startsWith(`{"${member}":`));
const reading: TokenWay = { operation: 'disclosures.read', call: inPlace('disclosures'), tells: lists('events') };
const streaming: TokenWay = { operation: 'events.read', call: inPlace('events'), tells: hasLine('event') };
const following: TokenWay = {
  operation: 'events.read',
  call: inPlace('event-stream?start=beginning&seconds=0'),
  tells: (text) => text.includes('\nevent: event\n'),
};
const opening: TokenWay = { ...streaming, also: 'events.decrypt', call: inPlace('events?decrypt=true') };
const named: TokenWay = {
  ...streaming,
  call: ({ app, batchId }) => ({
    path: `/v1/apps/${toHex(app)}/batch-events`,
    body: JSON.stringify({ ids: [batchId] }),
  }),
};
const decrypting: TokenWay = {
  operation: 'crypto.decrypt',
  call: ({ sealed }) => ({ path: '/v1/crypto/decrypt', body: JSON.stringify(sealed) }),
  tells: (text) => text.includes('"data"'),
};
const download: TokenWay = { operation: 'blobs.read', call: at(({ place, cid }) => `${place}/blobs/${cid}`) };
const wallet: TokenWay = {
  operation: 'wallets.read',
  call: at(({ owner }) => `/v1/wallets/${hex(owner)}`),
  tells: lists('apps'),
  cells: { 'another app': '200 nothing' },
};
const SCHEMA = JSON.stringify({ type: 'record', name: 'Sale', fields: [{ name: 'amount', type: 'long' }] });
const ofApp = (operation: string, what: string): Way =>
  token('app', { operation, call: at(({ app }) => `/v1/apps/${toHex(app)}${what}`) });

/** The app by a name of its own, a partner by that of what it has attached. */
const exporting = (name: string, mine: string, operation: string, what: string, right = 200): Way[] => {
  const way = (of: string): TokenWay => ({
    ...{ operation, right },
    call: ({ app }) => ({
      path: `/v1/apps/${toHex(app)}/exports/${of}${what}`,
      ...(what === '' ? {} : { body: '{}' }),
    }),
  });
  return [
    token('app', way(name)),
    token('reader', { ...way(mine), cells: { 'another wallet': '404 unknown_export' } }),
  ];
};
const ordering = (id: string, what: string): Way =>
  token('app', {
    operation: 'exports.write',
    call: ({ app }) => ({ path: `/v1/apps/${toHex(app)}/replays/${id}/${what}`, body: '{}' }),
  });
const listing: TokenWay = {
  operation: 'exports.read',
  call: at(({ app }) => `/v1/apps/${toHex(app)}/exports`),
  tells: lists('exports'),
};
/** A declaration that is new. */
const declaring =
  (folderOf: (world: AuthorisationWorld) => string, path: string) =>
  (world: AuthorisationWorld): Call => ({
    path: `/v1/apps/${toHex(world.app)}${path}`,
    body: JSON.stringify({
      ...{ name: `e-${toHex(random(6))}`, scopes: ['purchase'], sink: 'ndjson' },
      config: { folder: `/srv/exports/${folderOf(world)}/${toHex(random(6))}` },
    }),
  });

/**
 * Every route with everybody who may call it, what the right call of each is, and how it is refused when something is wrong. A route that is
 * not here fails the test, and so does one of these that is no route, or names others than the route's own `access`.
 */
export const AUTHORISATION: Readonly<Record<string, readonly Way[]>> = {
  'POST /v1/batches': [
    batch(asNdjson),
    appToken('authorization', { right: 202, call: (world) => closedBatch(world, asNdjson) }),
  ],
  'POST /v1/events': [
    batch(asEvent),
    appToken('authorization', { right: 202, call: (world) => closedBatch(world, asEvent) }),
  ],
  'POST /v1/batches/status': [unnamed(statuses), ...both({ ...status, call: statuses })],
  'GET /v1/batches/{id}': [
    unnamed(at(({ batchId }) => `/v1/batches/${batchId}`)),
    ...both({ ...status, call: at(({ batchId }) => `/v1/batches/${batchId}`) }),
  ],

  'POST /v1/certificates': [
    signed({
      ...{ path: '/v1/certificates', kind: 'recipient', right: 201, ofNoApp: true },
      content: (_world, _wallet, at) => ({ x25519: certificate(), expiresAt: at + HOUR }),
      // A certificate lasts, and is taken for as long as it does.
      cells: { expired: '422 expired' },
    }),
  ],
  'POST /v1/policies': [
    signed({
      ...{ path: '/v1/policies', kind: 'policy', right: 201 },
      content: (_world, _wallet, at) => ({ scopes: ['purchase'], recipients: 'app' as const, expiresAt: at + HOUR }),
    }),
  ],
  'POST /v1/grants': [
    signed({
      ...{ path: '/v1/grants', kind: 'grant', right: 201 },
      content: ({ friend }, { account }, at) => ({
        ...{ grantor: account.publicKey, scope: 'purchase', fromEpoch: 0 },
        ...{ recipient: friend.pair.publicKey, expiresAt: at + HOUR },
      }),
    }),
  ],
  'POST /v1/revocations': [
    signed({
      ...{ path: '/v1/revocations', kind: 'revoke', right: 201 },
      async content(world, { requests }) {
        const policy = { scopes: ['purchase'], recipients: 'app' as const, expiresAt: world.now() + HOUR };
        return { grant: Buffer.from((await requests.policy(policy)).id, 'hex') };
      },
    }),
  ],
  'POST /v1/keys': [
    signed({
      ...{ path: '/v1/keys', kind: 'keys', right: 200 },
      content: () => ({ scopes: ['purchase'], recipient: certificate() }),
    }),
  ],
  'POST /v1/moves': [
    signed({
      ...{ path: '/v1/moves', kind: 'move', right: 200 },
      content: () => ({ mode: 'client' as const, subject: random(32), epoch: 0 }),
    }),
    appToken('authorization', { right: 200, call: closedMove }),
  ],
  'POST /v1/erasures': [
    signed({
      ...{ path: '/v1/erasures', kind: 'erase', right: 202 },
      async content(world, author) {
        await hasWritten(world, author);
        return {};
      },
    }),
  ],
  'POST /v1/reopenings': [
    signed({
      ...{ path: '/v1/reopenings', kind: 'reopen', right: 200 },
      async content(world, author) {
        await hasWritten(world, author);
        const { id } = await author.requests.erase();
        world.pass(1);
        const named = { app: world.app, wallet: author.account.publicKey, id: Buffer.from(id, 'hex') };
        await world.it.removals.fence(named, 0);
        return {};
      },
    }),
  ],
  'POST /v1/associations': [
    signed({
      ...{ path: '/v1/associations', kind: 'associate', right: 200, ofNoApp: true },
      content: () => ({ cluster: 'cere-mainnet' }),
    }),
  ],
  'POST /v1/removals': [
    signed({
      ...{ path: '/v1/removals', kind: 'remove', right: 202 },
      async content(world, author) {
        await hasWritten(world, author);
        return { session: 'at the doctor' };
      },
    }),
  ],
  'POST /v1/tokens/revoke': [
    signed({
      path: '/v1/tokens/revoke',
      kind: 'disown',
      right: 201,
      content: () => ({ token: random(16) }),
      cells: { 'another app': '422 signature' },
    }),
    signed({
      ...{ path: '/v1/tokens/revoke', kind: 'disown', right: 201, signer: 'app' },
      content: () => ({ token: random(16) }),
      cells: { 'another app': '422 signature' },
    }),
  ],

  'GET /v1/certificates/{wallet}': [anyone(({ owner }) => `/v1/certificates/${hex(owner)}`)],
  'GET /v1/wallets/{wallet}/apps/{app}/grants': both({ operation: 'grants.read', call: inPlace('grants') }),
  'GET /v1/wallets/{wallet}/apps/{app}/access-log': [
    token('owner', { operation: 'access.read', call: inPlace('access-log') }),
  ],
  'POST /v1/keys/fetch': [
    token('reader', {
      operation: 'keys.fetch',
      call: ({ sealed: { app, wallet } }) => ({
        path: '/v1/keys/fetch',
        body: JSON.stringify({ app, wallet, scopes: ['purchase'] }),
      }),
      tells: lists('keys'),
      cells: NOTHING_FOR_OTHERS,
    }),
  ],
  'GET /v1/wallets/{wallet}/apps/{app}/mode': [
    token('owner', { operation: 'move', call: inPlace('mode') }),
    appToken('ddc-app-token', { right: 200, call: newcomer('move', ({ place }) => ({ path: `${place}/mode` })) }),
  ],
  'GET /v1/wallets/{wallet}/apps/{app}/stored-batches': [
    token('owner', { operation: 'batches.locate', call: inPlace('stored-batches') }),
  ],
  'GET /v1/wallets/{wallet}/apps/{app}/disclosures': [...all(reading)],
  'GET /v1/clusters': [anyone(() => '/v1/clusters')],
  'GET /v1/wallets/{wallet}': [
    ...both(wallet),
    token('owner', {
      ...wallet,
      also: 'wallets.apps',
      call: at(({ owner }) => `/v1/wallets/${hex(owner)}?apps=all`),
      // It is the wallet's own token for all its apps, whichever it names.
      cells: { 'another app': '200' },
    }),
  ],
  'GET /v1/apps/{app}': [ofApp('wallets.read', '')],
  'GET /v1/apps/{app}/wallets': [ofApp('wallets.read', '/wallets')],
  'GET /v1/apps/{app}/schemas': [ofApp('schemas.read', '/schemas')],
  'POST /v1/apps/{app}/schemas': [
    token('app', {
      operation: 'schemas.write',
      right: 201,
      call: ({ app }) => ({
        path: `/v1/apps/${toHex(app)}/schemas`,
        body: JSON.stringify({ type: `Type-${toHex(random(4))}`, schema: SCHEMA }),
      }),
    }),
  ],
  'GET /v1/apps/{app}/schemas/{type}': [ofApp('schemas.read', '/schemas/Sale')],
  'GET /v1/apps/{app}/exports': [token('app', listing), token('reader', { ...listing, cells: NOTHING_FOR_OTHERS })],
  'POST /v1/apps/{app}/exports': [
    token('app', {
      ...{ operation: 'exports.write', right: 201 },
      call: declaring(({ app }) => toHex(app), '/exports'),
    }),
  ],
  'GET /v1/apps/{app}/export-offer': [anyone(({ app }) => `/v1/apps/${toHex(app)}/export-offer`)],
  'POST /v1/apps/{app}/export-offer': [
    token('app', {
      operation: 'exports.write',
      call: ({ app, offer }) => ({ path: `/v1/apps/${toHex(app)}/export-offer`, body: JSON.stringify(offer) }),
    }),
  ],
  'POST /v1/apps/{app}/attached-exports': [
    token('reader', {
      ...{ operation: 'exports.attach', right: 201 },
      call: declaring(({ friend }) => hex(friend), '/attached-exports'),
      cells: { 'another wallet': '403 nothing_granted' },
    }),
  ],
  'GET /v1/apps/{app}/exports/{name}': exporting('sales', 'theirs', 'exports.read', ''),
  'POST /v1/apps/{app}/exports/{name}/pause': exporting('sales', 'theirs', 'exports.write', '/pause'),
  'POST /v1/apps/{app}/exports/{name}/resume': exporting('sales', 'theirs', 'exports.write', '/resume'),
  'POST /v1/apps/{app}/exports/{name}/remove': exporting('gone', 'theirs-gone', 'exports.write', '/remove', 202),
  'GET /v1/apps/{app}/replays': [ofApp('exports.read', '/replays')],
  'POST /v1/apps/{app}/replays': [
    token('app', {
      ...{ operation: 'exports.write', right: 201 },
      call: ({ app }) => ({
        path: `/v1/apps/${toHex(app)}/replays`,
        body: JSON.stringify({
          ...{ scopes: ['purchase'], wallet: '0a'.repeat(32) },
          target: { sink: 'ndjson', config: { folder: `/srv/exports/${toHex(app)}/again` } },
        }),
      }),
    }),
  ],
  'GET /v1/apps/{app}/replays/{replay}': [ofApp('exports.read', `/replays/${REPLAYS.shown}`)],
  'POST /v1/apps/{app}/replays/{replay}/pause': [ordering(REPLAYS.paused, 'pause')],
  'POST /v1/apps/{app}/replays/{replay}/resume': [ordering(REPLAYS.resumed, 'resume')],
  'POST /v1/apps/{app}/replays/{replay}/cancel': [ordering(REPLAYS.cancelled, 'cancel')],
  'GET /v1/wallets/{wallet}/apps/{app}/events': [...all(streaming), ...all(opening)],
  'GET /v1/apps/{app}/events': [ofApp('events.read', '/events')],
  'GET /v1/wallets/{wallet}/apps/{app}/event-stream': all(following),
  'POST /v1/apps/{app}/batch-events': all(named),
  'GET /v1/apps/{app}/event-stream': [ofApp('events.read', '/event-stream?seconds=0')],
  'POST /v1/moves/prepare': [
    token('owner', {
      operation: 'move',
      call: ({ sealed: { app, wallet: of } }) => ({
        path: '/v1/moves/prepare',
        body: JSON.stringify({ app, wallet: of }),
      }),
    }),
    appToken('ddc-app-token', {
      right: 200,
      call: newcomer('move', ({ app, wallet: of }) => ({
        path: '/v1/moves/prepare',
        body: JSON.stringify({ app, wallet: of }),
      })),
    }),
  ],
  'POST /v1/crypto/encrypt': [
    ...both({
      operation: 'crypto.encrypt',
      call: ({ sealed: { app, wallet: of } }) => ({
        path: '/v1/crypto/encrypt',
        body: JSON.stringify({ app, wallet: of, events: EVENTS }),
      }),
    }),
    appToken('ddc-app-token', {
      right: 200,
      call: newcomer('crypto.encrypt', ({ app, wallet: of }) => ({
        path: '/v1/crypto/encrypt',
        body: JSON.stringify({ app, wallet: of, events: EVENTS }),
      })),
    }),
  ],
  'POST /v1/crypto/decrypt': [token('app', decrypting), token('reader', { ...decrypting, cells: NOTHING_FOR_OTHERS })],
  'POST /v1/wallets/{wallet}/apps/{app}/blobs': [
    ...both(blobUpload),
    appToken('ddc-app-token', {
      right: 201,
      call: newUpload,
      async again(world) {
        const first = newUpload(world);
        const of = { keyPair: world.closedApp, app: world.closedApp.publicKey, by: 'app' as const };
        const token = encodeBearer(tokenOf({ ...of, operations: ['batches.write'], now: world.now() }));
        return uploadAgain(world, { ...first, headers: { ...first.headers, 'ddc-app-token': token } });
      },
      cells: CLASH,
    }),
  ],
  'GET /v1/wallets/{wallet}/apps/{app}/blobs/{cid}': [...all(download, '404 unknown_blob')],
  'GET /v1/wallets/{wallet}/apps/{app}/removals': both({ operation: 'removals.read', call: inPlace('removals') }),
  'GET /v1/wallets/{wallet}/apps/{app}/removals/{id}': both({
    operation: 'removals.read',
    call: at(({ place, removal }) => `${place}/removals/${removal}`),
  }),
  'GET /v1/receipt-key': [anyone(() => '/v1/receipt-key')],
  'GET /v1/batches/{batchId}/receipt': both({
    operation: 'receipts.read',
    call: at(({ batchId }) => `/v1/batches/${batchId}/receipt`),
    // No app in the address: what is not theirs looks like what never was.
    cells: ANOTHER,
  }),
  'GET /v1/wallets/{wallet}/apps/{app}/events/{eventId}/receipt': both({
    operation: 'receipts.read',
    call: at(({ place, eventId }) => `${place}/events/${eventId}/receipt`),
  }),
  'GET /v1/network': [anyone(() => '/v1/network')],
  'GET /v1/positions': [anyone(() => '/v1/positions')],
  'GET /problems': [anyone(() => '/problems')],
  'GET /problems/{code}': [anyone(() => '/problems/forbidden')],
  'GET /livez': [anyone(() => '/livez')],
  'GET /readyz': [anyone(() => '/readyz')],
  'GET /metrics': [anyone(() => '/metrics')],
};

/** Tokens of those whom the route does not name are refused with `403 forbidden`, but where they are told that there is nothing. */
export const UNNAMED_BEARERS: Readonly<Record<string, string>> = {
  'POST /v1/keys/fetch owner': '200 nothing',
  'GET /v1/apps/{app}/exports owner': '200 nothing',
  'GET /v1/apps/{app}/exports/{name} owner': '404 unknown_export',
  'POST /v1/apps/{app}/exports/{name}/pause owner': '404 unknown_export',
  'POST /v1/apps/{app}/exports/{name}/resume owner': '404 unknown_export',
  'POST /v1/apps/{app}/exports/{name}/remove owner': '404 unknown_export',
  'POST /v1/apps/{app}/attached-exports owner': '403 nothing_granted',
  'POST /v1/crypto/decrypt owner': '200 nothing',
  'POST /v1/batches/status reader': '200 nothing',
  'GET /v1/batches/{id} reader': '200 nothing',
  'GET /v1/batches/{batchId}/receipt reader': '404 unknown_batch',
};
