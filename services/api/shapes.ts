import { z } from 'zod';
import { decodeSs58, isHex, ProtocolError, toHex } from '../../protocol/index.ts';

/** The shapes of what the routes take and give. They validate, and `/openapi.json` is made from them. */

export const hex32 = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 characters of lower-case hex');
const offset = z.int().min(0);

/** Of a wallet or app in an answer, beside its hex. */
export const address = z.string().describe("SS58, with the network's own prefix.");
const NO_ADDRESS =
  'must be the public key of a wallet or app: 64 characters of lower-case hex without 0x, or its SS58 address with any prefix';

/** 35 or 36 bytes in base58. */
const ADDRESS = /^([0-9a-f]{64}|[1-9A-HJ-NP-Za-km-z]{35,50})$/;

/** A wallet or app where callers name it in a path or query: hex or SS58. Handlers get lower-case hex. */
export const addressParam = z
  .string()
  .regex(ADDRESS, NO_ADDRESS)
  .transform((text, context): string => {
    if (isHex(text, 32)) return text;
    try {
      return toHex(decodeSs58(text).key);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      context.addIssue({ code: 'custom', message: NO_ADDRESS });
      return z.NEVER;
    }
  })
  .describe('Public key in hex, or its SS58 address with any prefix.');

export const eventIdShape = z
  .string()
  .regex(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/, 'must be a UUIDv7 in lower case')
  .describe('UUIDv7.');
export const batchIdShape = hex32.describe('BLAKE2b-256 of network, app, wallet, signer, source, seq and root.');

export const acceptance = z.object({
  batchId: hex32,
  partition: z.int().min(0).describe('Partition of `ddc.batches.received`.'),
  offset: offset.describe('Offset there; of a batch that was already known, its first.'),
});

export const eventAcceptance = acceptance.extend({ eventId: z.string().describe('Id of the event.') });

export const statusRequest = z.strictObject({ ids: z.array(hex32).min(1).max(1000) });

export const batchStatus = z.object({
  batchId: hex32,
  app: hex32.nullable().describe('null until indexed, and without a token that covers it.'),
  wallet: hex32.nullable().describe('null until indexed, and without a token that covers it.'),
  appAddress: address.nullable().describe('Likewise.'),
  walletAddress: address.nullable().describe('Likewise.'),
  position: z.object({ partition: z.int().min(0), offset }).nullable(),
  stages: z.object({ encrypted: z.boolean(), pinned: z.boolean(), indexed: z.boolean(), settled: z.boolean() }),
  content: z
    .enum(['checked', 'unchecked'])
    .nullable()
    .describe('null until indexed. `unchecked`: encrypted by the client; only readers with the key can check it.'),
  outcome: z.enum(['live', 'dead', 'erased', 'unpaid', 'unknown']),
});

export const statusAnswer = z.object({ batches: z.array(batchStatus) });

const position = z.object({ next: offset, mark: z.int().min(-1) });
export const positionsAnswer = z.object({
  partitions: z.array(
    z.object({
      partition: z.int().min(0),
      stages: z.object({ encryptor: position, pinner: position, indexer: position, settler: position }),
      checkpoints: z.array(position).describe('Pairs from which a reader of `pinned` may start in the middle.'),
    }),
  ),
});

export const readyState = z.object({
  ready: z.boolean(),
  state: z.enum(['ready', 'degraded', 'not ready', 'draining', 'starting']),
  dependencies: z.record(
    z.string(),
    z.object({ ok: z.boolean(), required: z.boolean(), why: z.string().optional().describe('Kind of the failure.') }),
  ),
});

export const problem = z.object({
  type: z.string(),
  title: z.string().describe('What was wrong.'),
  status: z.int(),
  code: z.string().describe('Stable; listed in docs/errors.md.'),
  advice: z.string().optional().describe('What to do about this code.'),
  detail: z.string().optional().describe('What was wrong with this request.'),
  line: z.int().optional().describe('Line of the batch that failed, from 1 (the header).'),
  problems: z
    .array(z.object({ code: z.string(), path: z.string(), message: z.string() }))
    .optional()
    .describe(
      'Everything that is wrong, where several things may be: a stable code, the member, and what would be right.',
    ),
});

/** A type or session: as `isLabel` of the protocol takes it, which counts bytes. No database takes a NUL in a text. */
export const labelShape = z
  .string()
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused.
  .regex(/^[^\u0000-\u001f\u007f-\u009f]{1,128}$/, 'must be 1–128 characters, none of them control characters');

const SCOPE = /^[A-Za-z0-9_.-]{1,64}$/;
/** An object whose members are named by scopes; the document is told of the names, too. */
export const byScope = <T extends z.ZodType>(value: T) =>
  z.record(z.string().regex(SCOPE), value).meta({ propertyNames: { pattern: SCOPE.source } });

/** A batch as JSON. Described here for readers; the protocol's own parser, stricter and faster, is what checks it. */
const scope = z.union([
  z.strictObject({ salt: z.string().regex(/^[0-9a-f]{32}$/), data: z.string() }),
  z.strictObject({ commitment: hex32, envelope: z.string().describe('base64url without padding') }),
]);
const eventShape = z.strictObject({
  id: z.string().describe('UUIDv7, unique in its batch.'),
  type: labelShape,
  time: z.string().describe('YYYY-MM-DDTHH:MM:SS.mmmZ'),
  session: labelShape.optional(),
  blob: z.string().optional().describe('CIDv1, base32'),
  scopes: byScope(scope),
});
export const headerShape = z.strictObject({
  v: z.literal(1),
  network: z.string().regex(/^[a-z0-9-]{1,32}$/),
  app: hex32,
  wallet: hex32,
  source: z.string().regex(/^[0-9a-f]{32}$/),
  seq: z.int().min(0),
  issuedAt: z.int().min(0).describe('Milliseconds since the epoch.'),
  count: z.int().min(1).max(1000),
  signer: z.enum(['wallet', 'app']),
  algorithm: z.enum(['ed25519', 'sr25519']),
  wrap: z.enum(['none', 'bytes']),
  signature: z.string().regex(/^[0-9a-f]{128}$/),
  subject: hex32.optional().describe('Client mode only.'),
  epoch: z.int().min(0).optional().describe('Client mode only.'),
  meta: z.string().optional().describe('Client mode only; base64url without padding.'),
});
export const batchShape = z.strictObject({ header: headerShape, events: z.array(eventShape).min(1).max(1000) });
export const oneEventShape = z.strictObject({ header: headerShape, event: eventShape });

export const requestId = z
  .string()
  .regex(/^[0-9a-f]{32}$/, 'must be 32 characters of lower-case hex')
  .describe('16 random bytes.');
export const clusterShape = z
  .string()
  .regex(/^[a-z0-9-]{1,32}$/)
  .describe('Name of a set of IPFS nodes.');
export const epochShape = z.int().min(0).describe('Key epoch of the wallet in the app.');

/** Codes of batches and single events that could be read and are not valid. */
export const BATCH_CODES =
  '`header`, `field`, `v`, `network`, `key`, `source`, `number`, `count`, `signer`, `algorithm`, `wrap`, `signature`, `stale`, `client`, `subject`, `epoch`, `envelope`, `base64url`, `length`, `version`, `suite`, `event`, `id`, `type`, `time`, `session`, `blob`, `scope`, `salt`, `data`, `commitment`';
/** Codes of bytes that are no batch. */
export const UNREADABLE_CODES = '`utf8`, `json`, `depth`, `proto`, `body`, `line_end`, `blank_line`';
/** Codes of signed requests that are not valid, whatever their kind. */
export const REQUEST_CODES =
  '`request`, `kind`, `field`, `network`, `key`, `request_id`, `number`, `signer`, `author`, `algorithm`, `wrap`, `signature`, `request_body`, `base64url`, `cbor`, `canonical`, `request_stale`, `not_yet`, `expired`, `expires`, `scope`, `scopes`, `recipients`, `x25519`, `grantor`, `grant`, `epoch`, `mode`, `subject`, `selector`, `cluster`';

/** The JSON form of a signed request. The protocol's own parser is what checks it. */
export const signedRequest = (kind: string) =>
  z.strictObject({
    kind: z.literal(kind),
    network: z.string().regex(/^[a-z0-9-]{1,32}$/),
    app: hex32,
    wallet: hex32,
    id: requestId,
    issuedAt: z.int().min(0).describe('Milliseconds since the epoch.'),
    body: z.string().describe('DAG-CBOR in base64url without padding.'),
    signer: z.enum(['wallet', 'app']),
    algorithm: z.enum(['ed25519', 'sr25519']),
    wrap: z.enum(['none', 'bytes']),
    signature: z.string().regex(/^[0-9a-f]{128}$/),
  });

/** What the operator states, signed. */
export const receiptShape = z.object({
  payload: z.string().describe('base64url of one DAG-CBOR map.'),
  key: hex32.describe("The operator's receipt key: pin it."),
  signature: z
    .string()
    .regex(/^[0-9a-f]{128}$/)
    .describe('ed25519.'),
});

/** Where `Authorization` is the wallet's: the app's own token, for what makes a root for a wallet that is new in an app that is not open. */
export const appTokenHeader = z.object({
  'ddc-app-token': z.string().optional().describe("The app's token, operation `batches.write`, as behind `Bearer`."),
});
/** A wallet in an app, as paths name them. */
export const ownerShape = z.strictObject({ wallet: addressParam, app: addressParam });

const removalStates = z.enum(['committed', 'fenced', 'sent', 'done']);
const millis = z.int().min(0).describe('Milliseconds since the epoch.');
const timeRange = z.object({ from: millis, to: millis });
export const removalState = z.object({
  id: requestId,
  kind: z.enum(['erase', 'remove']),
  state: removalStates,
  fence: offset.nullable().describe('First offset of `received` that the erasure does not reach; null for `remove`.'),
  rootVersions: z.array(z.int()),
  selector: z
    .union([
      z.object({ events: z.array(z.string()) }),
      timeRange,
      z.object({
        session: hex32.describe('SHA-256 of `<app>/<wallet>/<session>`, keys in hex: its name is not kept.'),
      }),
    ])
    .nullable()
    .describe('What `remove` selects: from ≤ time < to.'),
  waitingFor: z
    .array(z.string())
    .describe('What the next step waits for: caches, readers, log, indexer, pinner, export:<name>.'),
  receipts: z.array(receiptShape),
});
const place = z
  .string()
  .regex(/^\d{1,15}\.[0-9a-f]{32}$/, 'must be `next` of the page before')
  .optional()
  .describe('`next` of the page before.');
export const removalQuery = z.strictObject({
  after: place,
  limit: z.coerce.number().int().min(1).max(1000).optional().describe('Default 100.'),
});
export const removalList = z.object({
  next: z.string().nullable().describe('`after` of the next page; null after the last.'),
  removals: z.array(
    z.object({
      id: requestId,
      kind: z.enum(['erase', 'remove']),
      issuedAt: millis,
      state: removalStates,
      pending: z.array(z.string()).describe('Exports that had not reported when the last receipt was made.'),
      receipts: z.int().min(0).describe('How many there are.'),
      selects: z
        .union([z.object({ events: z.int() }), timeRange, z.object({ session: z.literal(true) })])
        .nullable()
        .describe('How many events were named, the stretch of time, or that it was a session; null for `erase`.'),
    }),
  ),
});

export const preparedRoot = z.object({ rootVersion: z.int().min(1), subject: hex32, epoch: epochShape });

export const sealedKey = z.object({
  scope: z.string(),
  rootVersion: z.int().min(1),
  epoch: epochShape,
  by: requestId.describe('The grant, policy or keys request that allows it.'),
  recipient: hex32.describe('X25519 key that it is sealed to.'),
  sealed: z.string().describe('base64url, 80 bytes: `crypto_box_seal` of the scope key.'),
});
export const sealedKeys = z.object({ keys: z.array(sealedKey) });
export const scopeName = z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/);
export const keyFetch = z.strictObject({ app: hex32, wallet: hex32, scopes: z.array(scopeName).min(1).max(64) });
export const certificates = z.object({ certificates: z.array(signedRequest('recipient')) });
export const grantQuery = z.strictObject({
  after: place,
  limit: z.coerce.number().int().min(1).max(100).optional().describe('Default 100.'),
});
export const grantList = z.object({
  next: z.string().nullable().describe('`after` of the next page; null after the last.'),
  grants: z.array(
    z.object({
      state: z.enum(['live', 'expired', 'revoked', 'replaced']),
      request: z.union([signedRequest('grant'), signedRequest('policy')]),
      content: z.record(z.string(), z.unknown()).describe('Its body, decoded; keys in hex.'),
    }),
  ),
});
/** Sealed, or encoded: what callers carry on as it is. */
export const CURSOR = /^[A-Za-z0-9_-]{1,1000}$/;
export const NO_CURSOR = 'must be `next` of the page before';
export const accessQuery = z.strictObject({
  after: z.string().regex(CURSOR, NO_CURSOR).optional().describe('`next` of the page before.'),
  limit: z.coerce.number().int().min(1).max(1000).optional().describe('Default 100.'),
});
export const accessLog = z.object({
  next: z.string().nullable().describe('Where the next page begins; null where there is none.'),
  accesses: z.array(
    z.object({
      reader: z.string().describe('`export:<name>`, `app:<key>` or `wallet:<key>`.'),
      scope: z.string(),
      rootVersion: z.int().min(1),
      epoch: epochShape,
      by: requestId,
      first: z.int().describe('Milliseconds since the epoch.'),
      last: z.int(),
      times: z.int().min(1).describe('Gifts out of a cache are not counted; an export is counted once a minute.'),
    }),
  ),
});
