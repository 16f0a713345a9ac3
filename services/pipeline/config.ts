import type { ExportBounds } from './exports/bounds.ts';
import type { LogFields } from './log.ts';
import { ALL_RULES, type Rules } from './rules/rules.ts';
import { type Env, type ExportPlan, environment, KEY_ROOMS, NEEDS, type RoomName, type Unsafe } from './variables.ts';

/** One process' configuration. What its room does not need may be empty. */
export interface Config {
  readonly kafkaBrokers: readonly string[];
  readonly schemaRegistryUrl: string;
  readonly databaseUrl: string;
  readonly ipfsApi: string;
  readonly chainRpc: string;
  readonly network: string;
  /** Rounds and files are made sooner than in production, and protections may be switched off. */
  readonly sandbox: boolean;
  /** Of the addresses that the API answers. */
  readonly ss58Prefix: number;
  readonly topicPrefix: string;
  /** One of the two is set in rooms that hold keys. */
  readonly kekFile: string;
  readonly kek: string;
  readonly kekDays: number;
  readonly receiptSeedFile: string;
  readonly operatorSeedFile: string;
  /** Address that the room's HTTP server binds to; loopback unless a container needs another. */
  readonly httpHost: string;
  /** 0: a free one. */
  readonly httpPort: number;
  /** null: as the cores allow. */
  readonly verifyThreads: number | null;
  /** null: as the cores allow. */
  readonly openThreads: number | null;
  readonly logLevel: Env['DDC_LOG_LEVEL'];
  readonly roundSeconds: number;
  readonly tiers: Env['DDC_TIERS'];
  readonly limits: Env['DDC_LIMITS'];
  /** Not yet parsed: only the API knows what they mean. */
  readonly trustedProxies: readonly string[];
  /** 0: no header. */
  readonly hstsSeconds: number;
  readonly drainSeconds: number;
  /** Empty: stdout. */
  readonly auditFile: string;
  /** A plan, or the name of a declared export. */
  readonly export: ExportPlan | string | null;
  /** What others than the operator may declare. */
  readonly exportBounds: ExportBounds;
  /** Addresses and ranges; only sinks know what they mean. */
  readonly privateTargets: readonly string[];
  /** Files with sinks of one's own. */
  readonly sinkFiles: readonly string[];
  /** Empty: there are no secrets. */
  readonly secretsFolder: string;
  readonly faults: Env['DDC_FAULTS'];
  readonly unsafe: readonly Unsafe[];
  readonly rules: Rules;
}

/** The network on which tests run. */
const SANDBOX = 'cere-sandbox';

/** Every problem of the environment at once. */
export class ConfigError extends Error {
  readonly code = 'bad_configuration';
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(
      `The configuration has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}:\n- ${problems.join('\n- ')}`,
    );
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/**
 * Parses the environment once for a room.
 * @throws ConfigError listing all problems together
 */
export function parseConfig(room: RoomName, env: Readonly<Record<string, string | undefined>>): Config {
  const problems: string[] = [];
  for (const name of NEEDS[room]) if (!env[name]) problems.push(`${name} is not set; the ${room} needs it`);
  const parsed = environment.safeParse(env);
  if (!parsed.success) {
    for (const issue of parsed.error.issues) problems.push(`${issue.path.join('.')}: ${issue.message}`);
    throw new ConfigError(problems);
  }
  const e = parsed.data;
  const sandbox = e.DDC_NETWORK === SANDBOX;
  if (e.DDC_UNSAFE.length > 0 && !sandbox) {
    problems.push(
      `DDC_UNSAFE switches protections off and is refused on network ${e.DDC_NETWORK}; only ${SANDBOX} may have it`,
    );
  }
  if (Object.keys(e.DDC_FAULTS).length > 0 && !sandbox) {
    problems.push(`DDC_FAULTS kills and lies, and is refused on network ${e.DDC_NETWORK}; only ${SANDBOX} may have it`);
  }
  if (KEY_ROOMS.includes(room) && (e.DDC_KEK === '') === (e.DDC_KEK_FILE === '')) {
    problems.push(`set exactly one of DDC_KEK_FILE and DDC_KEK; the ${room} needs key-encryption keys`);
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return {
    kafkaBrokers: e.KAFKA_BROKERS,
    schemaRegistryUrl: e.SCHEMA_REGISTRY_URL,
    databaseUrl: e.DATABASE_URL,
    ipfsApi: e.IPFS_API,
    chainRpc: e.CHAIN_RPC,
    network: e.DDC_NETWORK,
    sandbox,
    ss58Prefix: e.DDC_SS58_PREFIX,
    topicPrefix: e.DDC_TOPIC_PREFIX,
    kekFile: e.DDC_KEK_FILE,
    kek: e.DDC_KEK,
    kekDays: e.DDC_KEK_DAYS,
    receiptSeedFile: e.DDC_RECEIPT_SEED_FILE,
    operatorSeedFile: e.DDC_OPERATOR_SEED_FILE,
    httpHost: e.DDC_HTTP_HOST,
    verifyThreads: e.DDC_VERIFY_THREADS ?? null,
    openThreads: e.DDC_OPEN_THREADS ?? null,
    httpPort: e.DDC_HTTP_PORT ?? (room === 'api' ? 8080 : 0),
    logLevel: e.DDC_LOG_LEVEL,
    roundSeconds: e.DDC_ROUND_SECONDS ?? (sandbox ? 10 : 600),
    tiers: e.DDC_TIERS,
    limits: e.DDC_LIMITS,
    trustedProxies: e.DDC_TRUSTED_PROXIES,
    hstsSeconds: e.DDC_HSTS_SECONDS,
    drainSeconds: e.DDC_DRAIN_SECONDS,
    auditFile: e.DDC_AUDIT_FILE,
    export: e.DDC_EXPORT ?? null,
    exportBounds: { sinks: e.DDC_EXPORT_SINKS, folder: e.DDC_EXPORT_FOLDER },
    privateTargets: e.DDC_PRIVATE_TARGETS,
    sinkFiles: e.DDC_SINKS,
    secretsFolder: e.DDC_SECRETS_FOLDER,
    faults: e.DDC_FAULTS,
    unsafe: e.DDC_UNSAFE,
    rules: {
      ...ALL_RULES,
      read: !e.DDC_UNSAFE.includes('read-rule'),
      duplicates: !e.DDC_UNSAFE.includes('dedup'),
    },
  };
}

const maskUrl = (url: string): string =>
  url.replace(/\/\/([^:@/]+):[^@/]*@/, '//$1:***@').replace(/([?&](?:password|token|key)=)[^&]*/gi, '$1***');

/** The configuration as it may be printed: passwords in URLs and an export's own configuration are masked. */
export function maskConfig(config: Config): LogFields {
  const { tiers: _tiers, ...rest } = config;
  return {
    ...rest,
    schemaRegistryUrl: maskUrl(config.schemaRegistryUrl),
    databaseUrl: maskUrl(config.databaseUrl),
    ipfsApi: maskUrl(config.ipfsApi),
    chainRpc: maskUrl(config.chainRpc),
    kek: config.kek === '' ? '' : '***',
    exportBounds: { ...config.exportBounds },
    rules: { ...config.rules },
    faults: { ...config.faults },
    export:
      config.export === null || typeof config.export === 'string'
        ? config.export
        : { ...config.export, config: Object.keys(config.export.config) },
  };
}
