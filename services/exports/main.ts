import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import { createConsumerGroups } from '../../connectors/kafka/index.ts';
import { migrate, openDatabase } from '../../connectors/postgres/database.ts';
import { createExports } from '../../connectors/postgres/exports.ts';
import { createExportReports } from '../../connectors/postgres/removal-store.ts';
import { createReplays } from '../../connectors/postgres/replays.ts';
import { createNodeProcesses } from '../../connectors/processes/node-processes.ts';
import { repeat } from '../pipeline/repeat.ts';
import { type Boot, type Running, runRoom } from '../pipeline/room.ts';
import { ReplaySupervisor } from './replay-supervisor.ts';
import { Supervisor } from './supervisor.ts';

/** How soon a declaration is followed. Milliseconds. */
const LOOK_MS = 1_000;
const mainOf = (what: string): string =>
  fileURLToPath(new URL(`../${what}/main${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url));

async function start(boot: Boot): Promise<Running> {
  const { config, log, signals, clock, random, keep, onFatal } = boot;
  const onIdleError = (error: Error) => log.warn({ error: error.message }, 'a database connection broke');
  const db = keep(openDatabase(config.databaseUrl, { connections: 2, onIdleError }));
  await migrate(db);
  const groups = createConsumerGroups({ brokers: config.kafkaBrokers, clientId: 'ddc-exports', log });
  const onRetry = (operation: string, attempt: number, error: unknown) =>
    signals.emit('retry', { partition: -1, kind: operation, attempt, error });
  const processesOf = (what: string) =>
    createNodeProcesses(mainOf(what), process.env, (text) => void process.stdout.write(text));
  const onUnreported = (error: unknown) => onRetry('report', 1, error);
  const clearing = {
    ...{ replays: createReplays(db), clock },
    removeGroup: (id: string) => groups.remove(`${config.topicPrefix}replay-${id}`),
    unregister: (name: string) => createExportReports(db).forget(name),
  };
  const replays = new ReplaySupervisor({
    ...{ ...clearing, random, onUnreported, onFatal },
    processes: processesOf('exporter/replay'),
    host: hostname(),
  });
  const supervisor = new Supervisor({
    ...{ exports: createExports(db), clock, random, onUnreported, onFatal },
    processes: processesOf('exporter'),
    filling: clearing,
    removeGroup: (name) => groups.remove(`${config.topicPrefix}export-${name}`),
    onForgotten: ({ name }) => log.info({ export: name }, 'an export was removed'),
  });
  // Together: each gives its processes nearly all the time that there is.
  keep({ close: async () => void (await Promise.all([supervisor.close(), replays.close()])) });
  let looked = false;
  const look = async () => {
    await Promise.all([supervisor.look(), replays.look()]);
    looked = true;
  };
  keep(repeat({ operation: 'look', everyMs: LOOK_MS, look }, { clock, random, onRetry, onFatal }));
  return { ready: () => looked };
}

await runRoom('exports', start);
