import {
  type Content,
  commitment,
  encodeNdjson,
  encryptionKeyPairFromSeed,
  fromHex,
  fromUtf8,
  type KindName,
  keyPairFromSeed,
  signBatch,
  signRequest,
  toBase64url,
  toHex,
  ZERO_KEY,
} from '../../protocol/index.ts';

/** Examples of the document: signed, so that they are right in every byte, at a moment that is past. */
const NETWORK = 'cere-sandbox';
const ISSUED = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const DAY = 86_400_000;
const EVENT_ID = '019b7cb5-6a6e-7000-8000-000000000001';
const GRANT = '11'.repeat(16);
const seed = (fill: number) => new Uint8Array(32).fill(fill);

/** Of parameters in paths, by name. */
export const PARAMETER_EXAMPLES: Readonly<Record<string, unknown>> = {
  wallet: '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY',
  app: '2afba9278e30ccf6a6ceb3a8b6e336b70068f045c666f2e7f4f9cc5f47db8972',
  batchId: '7b'.repeat(32),
  eventId: EVENT_ID,
  code: 'unauthorized',
  type: 'PAGE_VIEW',
  name: 'sales',
  replay: '0f1e2d3c',
  limit: 10,
};

function batch() {
  const keyPair = keyPairFromSeed('ed25519', seed(2));
  return signBatch({
    ...{
      network: NETWORK,
      app: toHex(keyPairFromSeed('ed25519', seed(1)).publicKey),
      wallet: toHex(keyPair.publicKey),
    },
    ...{
      source: '33'.repeat(16),
      seq: 0,
      issuedAt: ISSUED,
      signer: 'wallet',
      algorithm: 'ed25519',
      wrap: 'none',
      keyPair,
    },
    events: [
      {
        ...{ id: EVENT_ID, type: 'PAGE_VIEW', time: new Date(ISSUED).toISOString() },
        scopes: { page: { salt: '44'.repeat(16), data: '{"url":"/"}' } },
      },
    ],
  });
}

/** One body of each kind that has an address. */
function contents(): Partial<{ [K in KindName]: Content<K> }> {
  const x25519 = encryptionKeyPairFromSeed(seed(3)).publicKey;
  const expiresAt = ISSUED + 30 * DAY;
  const grantor = keyPairFromSeed('ed25519', seed(2)).publicKey;
  return {
    recipient: { x25519, expiresAt },
    policy: { scopes: ['page'], recipients: 'app', expiresAt },
    grant: { grantor, scope: 'page', fromEpoch: 0, recipient: x25519, expiresAt },
    revoke: { grant: fromHex(GRANT, 16) },
    keys: { scopes: ['page'], recipient: x25519 },
    erase: {},
    reopen: {},
    move: { mode: 'client', subject: seed(5), epoch: 0 },
    disown: { token: fromHex('22'.repeat(16), 16) },
    associate: { cluster: 'cere-mainnet' },
    remove: { events: [EVENT_ID], from: undefined, to: undefined, session: undefined },
  };
}

const PATHS: Partial<Record<KindName, string>> = {
  recipient: '/v1/certificates',
  policy: '/v1/policies',
  grant: '/v1/grants',
  revoke: '/v1/revocations',
  keys: '/v1/keys',
  erase: '/v1/erasures',
  reopen: '/v1/reopenings',
  move: '/v1/moves',
  disown: '/v1/tokens/revoke',
  associate: '/v1/associations',
  remove: '/v1/removals',
};

function signed(kind: KindName, content: Content<KindName>): unknown {
  const keyPair = keyPairFromSeed('ed25519', seed(2));
  const noApp = kind === 'recipient' || kind === 'associate';
  const app = noApp ? ZERO_KEY : toHex(keyPairFromSeed('ed25519', seed(1)).publicKey);
  const head = { kind, network: NETWORK, app, wallet: toHex(keyPair.publicKey), id: GRANT, issuedAt: ISSUED };
  return signRequest({ ...head, signer: 'wallet', algorithm: 'ed25519', wrap: 'none', content }, keyPair);
}

/** Path → media type → body. */
export function bodyExamples(): Readonly<Record<string, Readonly<Record<string, unknown>>>> {
  const { header, events } = batch();
  const one = { header, events };
  const { app, wallet } = header;
  const json = (value: unknown) => ({ 'application/json': value });
  const kinds = Object.entries(contents()).flatMap(([kind, content]) => {
    const path = PATHS[kind as KindName];
    return path && content ? [[path, json(signed(kind as KindName, content))] as const] : [];
  });
  const envelope = toBase64url(new Uint8Array(94).fill(1));
  const subject = toHex(commitment(seed(4).subarray(0, 16), ''));
  return {
    ...Object.fromEntries(kinds),
    '/v1/batches': { ...json(one), 'application/x-ndjson': fromUtf8(encodeNdjson(one)) },
    '/v1/events': json({ header, event: events[0] }),
    '/v1/batches/status': json({ ids: ['7b'.repeat(32)] }),
    '/v1/apps/{app}/batch-events': json({ ids: ['7b'.repeat(32)], scopes: ['page'] }),
    '/v1/apps/{app}/exports': json({
      ...{ name: 'sales', scopes: ['page'], types: ['PAGE_VIEW'], sink: 'parquet', from: 'now' },
      config: { folder: `/srv/exports/${app}/sales` },
    }),
    '/v1/apps/{app}/attached-exports': json({
      ...{ name: 'partner-sales', scopes: ['page'], sink: 'parquet', from: 'now' },
      config: { folder: `/srv/exports/${wallet}/sales` },
    }),
    '/v1/apps/{app}/export-offer': json({
      ...{ scopes: ['page'], types: null, sinks: ['parquet'], partners: null, expiresAt: ISSUED + 30 * DAY },
    }),
    '/v1/apps/{app}/replays': json({
      target: { sink: 'parquet', config: { folder: `/srv/exports/${app}/january` } },
      ...{ scopes: ['page'], types: ['PAGE_VIEW'], from: '2026-01-01T00:00:00Z', to: '2026-02-01T00:00:00Z' },
    }),
    '/v1/keys/fetch': json({ app, wallet, scopes: ['page'] }),
    '/v1/apps/{app}/schemas': json({
      type: 'PAGE_VIEW',
      schema: JSON.stringify({ type: 'record', name: 'PageView', fields: [{ name: 'url', type: 'string' }] }),
    }),
    '/v1/moves/prepare': json({ app, wallet }),
    '/v1/crypto/encrypt': json({ app, wallet, events: [{ id: EVENT_ID, scopes: { page: '{"url":"/"}' } }] }),
    '/v1/crypto/decrypt': json({
      app,
      wallet,
      rootVersion: 1,
      subject,
      items: [{ eventId: EVENT_ID, scope: 'page', envelope }],
    }),
  };
}
