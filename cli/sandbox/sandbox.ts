import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createApps } from '../../connectors/postgres/apps.ts';
import { migrate, openDatabase } from '../../connectors/postgres/database.ts';
import { toHex } from '../../protocol/index.ts';
import type { Display } from '../../stack/progress.ts';
import { ROOMS, type RoomName } from '../../stack/rooms.ts';
import { type Stack, startStack } from '../../stack/stack.ts';
import { createSupervisor, type Supervisor } from '../../stack/supervisor.ts';
import { sandboxCast } from '../demo/cast.ts';
import { applyTopics, DEFAULT_PARTITIONS } from '../topics.ts';
import { addSampleSchema } from './sample-schema.ts';
import { sandboxSecrets } from './secrets.ts';

/** Scopes of the sample, opened by the sandbox's export. */
const EXPORT_SCOPES = ['purchase', 'profile'];
/** What the environment may settle, for parts that were given: they may hold other deployments. */
const GIVEN = [
  'DDC_TOPIC_PREFIX',
  'DDC_KEK_FILE',
  'DDC_RECEIPT_SEED_FILE',
  'DDC_OPERATOR_SEED_FILE',
  'DDC_ROUND_SECONDS',
  'DDC_TIERS',
  'DDC_LIMITS',
] as const;

/** Everything comes from this machine, as fast as it can: quotas and rates are for deployments that face others. */
const NO_LIMITS = {
  DDC_TIERS: JSON.stringify({
    free: { operations: null, periodSeconds: 86_400, perOperation: '1000000', perMiB: '100000000' },
    premium: { operations: null, periodSeconds: 86_400, perOperation: '500000', perMiB: '50000000' },
  }),
  DDC_LIMITS: JSON.stringify({ address: null, caller: null }),
};

export interface SandboxOptions {
  /** Absolute; state, secrets, logs and the export of this run. */
  readonly folder: string;
  readonly rooms?: readonly RoomName[];
  /** The sample's events have a schema from the first one on, and a table of typed columns in the export. */
  readonly sampleSchema?: boolean;
  /** For the parts; the stack takes down what it shows. */
  readonly progress?: Display;
  /** Told of each step after the parts are up. */
  readonly say?: (message: string) => void;
  /** Further environment of every room, stronger than what is made here. */
  readonly env?: Readonly<Record<string, string>>;
  /** Further environment of single rooms, for example faults. */
  readonly roomEnv?: Readonly<Partial<Record<RoomName, Readonly<Record<string, string>>>>>;
  readonly fullSpeed?: boolean;
  /** A stack that is already up; it is left running by `stop`. */
  readonly stack?: Stack;
}

export interface Sandbox {
  readonly stack: Stack;
  readonly rooms: Supervisor;
  /** What every room runs with. */
  readonly env: Readonly<Record<string, string>>;
  readonly exportFolder: string;
  /** Rooms first, then the parts (unless they were brought along). */
  stop(): Promise<void>;
}

/** Parts, tables, topics, the sandbox's app, and one process per room; resolves when every room is ready. Rolls a half start back. */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { folder, rooms: names = ROOMS, say = () => undefined } = options;
  const { progress, fullSpeed } = options;
  const stack = options.stack ?? (await startStack({ folder, progress, fullSpeed }));
  let rooms: Supervisor | undefined;
  const stop = async (): Promise<void> => {
    await rooms?.stop();
    if (!options.stack) await stack.stop();
  };
  try {
    const exportFolder = join(folder, 'export');
    mkdirSync(exportFolder, { recursive: true });
    const { app } = await sandboxCast();
    const plan = {
      name: 'sandbox',
      app: toHex(app.publicKey),
      scopes: EXPORT_SCOPES,
      sink: 'parquet',
      config: { folder: exportFolder },
    };
    const env: Record<string, string> = {
      DDC_NETWORK: 'cere-sandbox',
      DDC_SS58_PREFIX: '2',
      ...NO_LIMITS,
      DDC_EXPORT: JSON.stringify(plan),
      ...stack.env,
      ...sandboxSecrets(folder),
      ...givenSettings(),
      ...options.env,
    };
    say('creating tables and topics');
    await Promise.all([prepareDatabase(env.DATABASE_URL ?? ''), prepareTopics(env)]);
    if (options.sampleSchema) await addSampleSchema(env);
    say(`starting ${names.join(', ')}`);
    const supervisor = createSupervisor({ folder, keeper: stack.keeper, env });
    rooms = supervisor;
    await Promise.all(
      names.map(async (room) => {
        const from = performance.now();
        await supervisor.start(room, options.roomEnv?.[room]);
        await supervisor.ready(room);
        say(`${room}: ready, ${((performance.now() - from) / 1000).toFixed(1)} s, ${supervisor.url(room)}`);
      }),
    );
    return { stack, rooms: supervisor, env, exportFolder, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function givenSettings(): Record<string, string> {
  return Object.fromEntries(GIVEN.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}

async function prepareTopics(env: Readonly<Record<string, string>>): Promise<void> {
  await applyTopics({
    brokers: (env.KAFKA_BROKERS ?? '').split(','),
    registryUrl: env.SCHEMA_REGISTRY_URL ?? '',
    prefix: env.DDC_TOPIC_PREFIX ?? '',
    partitions: DEFAULT_PARTITIONS,
  });
}

/** Migrates, and registers the sandbox's app, which takes writes without a token. */
async function prepareDatabase(url: string): Promise<void> {
  const database = openDatabase(url, { connections: 1 });
  try {
    await migrate(database);
    const { app } = await sandboxCast();
    await createApps(database).add({ app: app.publicKey, tier: 'free', open: true });
  } finally {
    await database.close();
  }
}
