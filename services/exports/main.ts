import { fileURLToPath } from 'node:url';
import { createConsumerGroups } from '../../connectors/kafka/index.ts';
import { migrate, openDatabase } from '../../connectors/postgres/database.ts';
import { createExports } from '../../connectors/postgres/exports.ts';
import { createNodeProcesses } from '../../connectors/processes/node-processes.ts';
import { repeat } from '../pipeline/repeat.ts';
import { type Boot, type Running, runRoom } from '../pipeline/room.ts';
import { Supervisor } from './supervisor.ts';

/** How soon a declaration is followed. Milliseconds. */
const LOOK_MS = 1_000;
const EXPORTER = fileURLToPath(
  new URL(`../exporter/main${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url),
);

async function start(boot: Boot): Promise<Running> {
  const { config, log, signals, clock, random, keep, onFatal } = boot;
  const onIdleError = (error: Error) => log.warn({ error: error.message }, 'a database connection broke');
  const db = keep(openDatabase(config.databaseUrl, { connections: 2, onIdleError }));
  await migrate(db);
  const groups = createConsumerGroups({ brokers: config.kafkaBrokers, clientId: 'ddc-exports', log });
  const onRetry = (operation: string, attempt: number, error: unknown) =>
    signals.emit('retry', { partition: -1, kind: operation, attempt, error });
  const supervisor = keep(
    new Supervisor({
      ...{ exports: createExports(db), clock, random, onFatal },
      processes: createNodeProcesses(EXPORTER, process.env, (text) => void process.stdout.write(text)),
      removeGroup: (name) => groups.remove(`${config.topicPrefix}export-${name}`),
      onUnreported: (error) => onRetry('report', 1, error),
      onForgotten: ({ name }) => log.info({ export: name }, 'an export was removed'),
    }),
  );
  let looked = false;
  const look = async () => {
    await supervisor.look();
    looked = true;
  };
  keep(repeat({ operation: 'look', everyMs: LOOK_MS, look }, { clock, random, onRetry, onFatal }));
  return { ready: () => looked };
}

await runRoom('exports', start);
