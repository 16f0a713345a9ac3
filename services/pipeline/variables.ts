import { z } from 'zod';
import { isSs58Prefix } from '../../protocol/index.ts';
import { faultPlan } from './faults.ts';

/** What every event passes. */
export const ROOMS = ['api', 'encryptor', 'pinner', 'indexer', 'settler', 'exporter'] as const;
/** With the one that runs exporters: a deployment has it, or exporters of its own, or both. */
export const ALL_ROOMS = [...ROOMS, 'exports'] as const;
export type RoomName = (typeof ALL_ROOMS)[number];

const json = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue({ code: 'custom', message: 'is not JSON' });
    return z.NEVER;
  }
});
const list = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
);
const port = z.coerce.number().int().min(0).max(65_535);

const tier = z.strictObject({
  /** Operations (events) an app may write in a period; null: no limit. */
  operations: z.int().min(1).nullable(),
  periodSeconds: z.int().min(1),
  /** Planck, decimal text. */
  perOperation: z.string().regex(/^\d+$/).transform(BigInt),
  perMiB: z.string().regex(/^\d+$/).transform(BigInt),
});
const tiers = z.strictObject({ free: tier, premium: tier });
const TIERS = JSON.stringify({
  free: { operations: 1_000_000, periodSeconds: 86_400, perOperation: '1000000', perMiB: '100000000' },
  premium: { operations: null, periodSeconds: 86_400, perOperation: '500000', perMiB: '50000000' },
});

const limit = z.strictObject({
  perSecond: z.number().positive(),
  burst: z.int().min(1),
  /** Under way at once. */
  concurrent: z.int().min(1),
});
const limits = z.strictObject({
  /** Of one client address; null: no limit. */
  address: limit.nullable().default({ perSecond: 2_000, burst: 10_000, concurrent: 1_024 }),
  /** Of one key that calls: a token's, or the app and wallet of a batch. */
  caller: limit.nullable().default({ perSecond: 500, burst: 2_000, concurrent: 256 }),
  /** Longest expected wait of a batch before it is refused, milliseconds. */
  waitMs: z.int().min(10).nullable().default(200),
});

/** A name alone is that of a declared export. */
const EXPORT_NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;
export const exportPlan = z.strictObject({
  name: z.string().regex(/^[a-z0-9-]{1,64}$/),
  /** Hex key of the app: what wallets allow, they allow to one app. */
  app: z.string().regex(/^[0-9a-f]{64}$/),
  scopes: z.array(z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/)),
  /** Event types; null: all. */
  types: z.array(z.string()).nullable().default(null),
  sink: z.string().min(1),
  config: z.record(z.string(), z.unknown()).default({}),
  schema: z.enum(['typed', 'text']).default('typed'),
});
export type ExportPlan = z.infer<typeof exportPlan>;

/** The whole plan as JSON, or the name of a declared export. */
const exportSetting = z.string().transform((text, context): ExportPlan | string => {
  if (EXPORT_NAME.test(text)) return text;
  const parsed = json.pipe(exportPlan).safeParse(text);
  if (parsed.success) return parsed.data;
  for (const { path, message } of parsed.error.issues) context.addIssue({ code: 'custom', path, message });
  return z.NEVER;
});

const UNSAFE = ['read-rule', 'dedup', 'transit', 'removals', 'positions'] as const;
export type Unsafe = (typeof UNSAFE)[number];

/** What each variable may hold. */
export const environment = z.object({
  KAFKA_BROKERS: list.default([]).describe('Brokers, `host:port`, separated by commas.'),
  SCHEMA_REGISTRY_URL: z
    .url()
    .or(z.literal(''))
    .default('')
    .describe("Base of the registry's Confluent API, such as `http://127.0.0.1:8081/apis/ccompat/v7`."),
  DATABASE_URL: z
    .url()
    .or(z.literal(''))
    .default('')
    .describe('PostgreSQL, `postgres://user:password@host:port/database`.'),
  IPFS_API: z
    .url()
    .or(z.literal(''))
    .default('')
    .describe(
      'RPC of the Kubo node, such as `http://127.0.0.1:5001`. Whoever reaches it owns the node: never publish it. Without it the API takes batches, and returns no events, takes and returns no blobs, and gives no receipts of batches and events.',
    ),
  CHAIN_RPC: z.url().or(z.literal('')).default('').describe('WebSocket of a Substrate node, `ws://…` or `wss://…`.'),
  DDC_NETWORK: z
    .string()
    .regex(/^[a-z0-9-]{1,32}$/, 'must be 1–32 of a–z, 0–9 and -')
    .default('cere-sandbox')
    .describe(
      'Name that every signed batch carries; batches of another network are refused. Protections can only be switched off in `cere-sandbox`.',
    ),
  DDC_SS58_PREFIX: z.coerce
    .number()
    .refine(isSs58Prefix, 'must be 0 to 16383, but not 46 or 47, which are reserved')
    .default(54)
    .describe(
      'Number of the network in the SS58 addresses that the API answers: 54 is Cere, 2 the chain of the sandbox. Callers may write addresses with any.',
    ),
  DDC_TOPIC_PREFIX: z
    .string()
    .regex(/^[A-Za-z0-9._-]{0,64}$/, 'may hold letters, digits, dot, dash and underscore')
    .default('')
    .describe('Put before every topic and consumer group, for several deployments on one Kafka.'),
  DDC_KEK_FILE: z
    .string()
    .default('')
    .describe(
      'File of key-encryption keys, lines `<version> <64 hex>`; the highest version wraps new keys, all others still open theirs.',
    ),
  DDC_KEK: z
    .string()
    .default('')
    .describe(
      'Key-encryption keys themselves, the same lines separated by commas, where no file can be given. Cannot be rotated from here.',
    ),
  DDC_KEK_DAYS: z.coerce
    .number()
    .min(0.0001)
    .max(3.5)
    .default(3)
    .describe(
      'The API makes a new KEK after so many days and destroys the one before it after as many more, at most 3.5: an overwritten root is unreadable in every old copy of the database within 7 days.',
    ),
  DDC_RECEIPT_SEED_FILE: z
    .string()
    .default('')
    .describe(
      'File with the ed25519 seed that receipts are signed with, 64 hex digits. Not the key that pays on the chain.',
    ),
  DDC_OPERATOR_SEED_FILE: z
    .string()
    .default('')
    .describe("File with the operator's secret URI (a phrase, or `//Name` in a sandbox), sr25519."),
  DDC_HTTP_HOST: z
    .string()
    .min(1)
    .default('127.0.0.1')
    .describe("Address that the HTTP server binds to: the API, or a worker's health and metrics."),
  DDC_HTTP_PORT: port
    .optional()
    .describe(
      'Its port; 0 takes a free one, which the log line `listening` tells. When absent 8080 for the API and 0 for workers.',
    ),
  DDC_VERIFY_THREADS: z.coerce
    .number()
    .int()
    .min(0)
    .max(999)
    .optional()
    .describe('Threads of the API that check signatures; 0: none. When absent one for each core beyond two.'),
  DDC_OPEN_THREADS: z.coerce
    .number()
    .int()
    .min(0)
    .max(999)
    .optional()
    .describe(
      'Threads of an exporter that decrypt and check what the next rows are made of; 0: none. When absent one, where there are two cores.',
    ),
  DDC_LOG_LEVEL: z
    .enum(['debug', 'info', 'warn', 'error', 'fatal', 'silent'])
    .default('info')
    .describe('`debug`, `info`, `warn`, `error`, `fatal` or `silent`. Logs are JSON lines on stdout.'),
  DDC_ROUND_SECONDS: z.coerce
    .number()
    .min(0.1)
    .optional()
    .describe('Seconds between settlement rounds. When absent 10 in `cere-sandbox`, 600 elsewhere.'),
  DDC_TIERS: json
    .pipe(tiers)
    .prefault(TIERS)
    .describe(
      'JSON: for `free` and `premium` the events per period, and the prices in planck. The same for API and settler.',
    ),
  DDC_LIMITS: json
    .pipe(limits)
    .prefault('{}')
    .describe(
      'JSON: `address` and `caller`, each `{perSecond, burst, concurrent}` in requests or null for no limit, and `waitMs`, the expected wait beyond which batches are refused with 503, or null. Of each process of the API.',
    ),
  DDC_TRUSTED_PROXIES: list
    .pipe(z.array(z.string()))
    .prefault('')
    .describe(
      'Whose `X-Forwarded-For` is believed: how many proxies stand before the API, or their addresses and networks (`10.0.0.0/8`), separated by commas. Without it the address of the connection counts.',
    ),
  DDC_HSTS_SECONDS: z.coerce
    .number()
    .int()
    .min(0)
    .default(0)
    .describe('Answers of the API carry `Strict-Transport-Security` of so many seconds; 0: none. Only behind TLS.'),
  DDC_DRAIN_SECONDS: z.coerce
    .number()
    .min(0)
    .max(300)
    .default(0)
    .describe(
      'After SIGTERM the API says 503 `draining` at `/readyz` for so long and still serves, so that balancers send nothing more; then it stops.',
    ),
  DDC_AUDIT_FILE: z
    .string()
    .default('')
    .describe(
      'File that the audit log of the API is appended to; without it, its lines are on stdout, logger `audit`.',
    ),
  DDC_EXPORT: exportSetting
    .optional()
    .describe(
      'What this exporter exports and where: the name of a declared export, or JSON that says it; see [sinks.md](sinks.md).',
    ),
  DDC_REPLAY: z
    .string()
    .regex(/^[0-9a-f]*$/)
    .default('')
    .describe(
      'Id of the replay that a process works on: set by what starts it, `ddc service exports` or `ddc replay`.',
    ),
  DDC_EXPORT_SINKS: list
    .default([])
    .describe(
      'Sinks that apps and partners may declare exports to over the API, separated by commas. Without it they declare none, and only `ddc exports add` does.',
    ),
  DDC_EXPORT_FOLDER: z
    .string()
    .default('')
    .describe(
      'Folder for what apps and partners export to files: each may name folders below `<its key in hex>/` of it alone. Without it they name none.',
    ),
  DDC_PRIVATE_TARGETS: list
    .prefault('')
    .describe(
      'Comma list of private, link-local and other special addresses, or ranges such as `10.1.0.0/16`, that webhooks may call.',
    ),
  DDC_SINKS: list
    .prefault('')
    .describe(
      'Comma list of files with sinks of your own, TypeScript or JavaScript, for everything that declares or runs exports; see `examples/sink-template`.',
    ),
  DDC_SECRETS_FOLDER: z
    .string()
    .default('')
    .describe(
      "Folder of the secrets that exports refer to, one a file: `<name>` of the operator's exports, `<key in hex>/<name>` of those that an app or a partner has declared. Read by exporters alone.",
    ),
  DDC_FAULTS: json
    .pipe(faultPlan)
    .prefault('{}')
    .describe('JSON: faults that a process injects into itself; for tests, refused outside `cere-sandbox`.'),
  DDC_UNSAFE: list
    .pipe(z.array(z.enum(UNSAFE)))
    .prefault('')
    .describe(
      'Comma list of protections to switch off (`read-rule`, `dedup`, `transit`, `removals`, `positions`); for control runs, refused outside `cere-sandbox`.',
    ),
});

/** Every variable that a room reads. */
export const VARIABLES: readonly string[] = Object.keys(environment.shape);

/** The environment as parsed. */
export type Env = z.infer<typeof environment>;
const KAFKA = ['KAFKA_BROKERS', 'SCHEMA_REGISTRY_URL'] as const;

/** What each room cannot start without. */
export const NEEDS: Readonly<Record<RoomName, readonly (keyof Env)[]>> = {
  api: [...KAFKA, 'DATABASE_URL', 'DDC_RECEIPT_SEED_FILE'],
  encryptor: [...KAFKA, 'DATABASE_URL'],
  pinner: [...KAFKA, 'DATABASE_URL', 'IPFS_API'],
  indexer: [...KAFKA, 'DATABASE_URL'],
  settler: [...KAFKA, 'DATABASE_URL', 'CHAIN_RPC', 'DDC_OPERATOR_SEED_FILE'],
  exporter: [...KAFKA, 'DATABASE_URL'],
  exports: [...KAFKA, 'DATABASE_URL'],
};

/** Rooms that open user roots, and the one that starts such: they need one of `DDC_KEK_FILE` and `DDC_KEK`, the others must have neither. */
export const KEY_ROOMS: readonly RoomName[] = ['api', 'encryptor', 'exporter', 'exports'];

/** Variables of which exactly one is set. */
const EITHER: Readonly<Record<string, readonly [other: string, rooms: readonly RoomName[]]>> = {
  DDC_KEK_FILE: ['DDC_KEK', KEY_ROOMS],
  DDC_KEK: ['DDC_KEK_FILE', KEY_ROOMS],
  DDC_EXPORT: ['DDC_REPLAY', ['exporter']],
  DDC_REPLAY: ['DDC_EXPORT', ['exporter']],
};

/** One variable as the documentation shows it. */
export interface VariableDoc {
  readonly name: string;
  readonly description: string;
  /** Empty text: none. */
  readonly fallback: string;
  /** Rooms that do not start without it, or without the other of two that stand for each other. */
  readonly neededBy: readonly RoomName[];
  readonly orElse: string | null;
}

/** Every variable, in the order in which an operator meets them. */
export function describeVariables(): VariableDoc[] {
  return Object.entries(environment.shape).map(([name, schema]) => {
    const value: unknown = name === 'DDC_TIERS' ? JSON.parse(TIERS) : schema.parse(undefined);
    const fallback = value === undefined || typeof value === 'string' ? value : JSON.stringify(value);
    return {
      name,
      description: schema.description ?? '',
      fallback: fallback === '[]' || fallback === '{}' ? '' : (fallback ?? ''),
      neededBy: EITHER[name]?.[1] ?? ALL_ROOMS.filter((room) => NEEDS[room].some((needed) => needed === name)),
      orElse: EITHER[name]?.[0] ?? null,
    };
  });
}
