import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import ndjson from '../../connectors/sinks/ndjson.ts';
import type parquet from '../../connectors/sinks/parquet.ts';
import postgres from '../../connectors/sinks/postgres.ts';
import { type LimitedReceiver, startLimitedReceiver } from '../support/limited-receiver.ts';
import { TABLE } from '../support/pinned-batches.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import type { MakeTrouble } from './trouble.ts';
import type { World } from './world.ts';

const TABLES = [TABLE];
const BALLAST = 16 * 1024 * 1024;

/** A disk, small and really full. */
const fullDisk =
  (spec: typeof ndjson | typeof parquet): MakeTrouble =>
  async ({ disk, diskInside }: World) => {
    if (disk === null) throw new Error('there is no disk that could get full');
    const ballast = join(disk, 'ballast');
    const trial = await spec.trial(join(disk, spec.name), async () => '');
    return {
      name: `full-${spec.name}`,
      declared: { sink: spec.name, config: { folder: join(diskInside, spec.name) }, schema: 'text' },
      words: /sink_unavailable: .*no space left on device.*Free space there, or raise its quota/is,
      async begin() {
        const error = await writeFile(ballast, new Uint8Array(BALLAST)).then(
          () => null,
          ({ code }: { code: string }) => code,
        );
        if (error !== 'ENOSPC') throw new Error(`the disk did not get full: ${error}`);
      },
      end: () => rm(ballast, { force: true }),
      rows: () => trial.rows(TABLES),
      close: async () => trial.close?.(),
    };
  };

/** A receiver that answers 429 and `Retry-After`. */
const limited: MakeTrouble = async ({ log, secret }, { retryAfter }) => {
  const receiver: LimitedReceiver = await startLimitedReceiver();
  const key = await secret('webhook', `whsec_${Buffer.alloc(32, 7).toString('base64')}`);
  return {
    name: 'limited-webhook',
    declared: {
      sink: 'webhook',
      config: { url: receiver.url, secret: key, folder: join(log.scratch, 'webhook') },
      schema: 'text',
    },
    words: /answers 429 and asks to be left alone for \d+ s|asked to be left alone for \d+ s more/,
    async begin() {
      receiver.retryAfter = retryAfter;
    },
    async end() {
      receiver.retryAfter = null;
    },
    rows: async () => receiver.rows(TABLES),
    close: async () => receiver.close(),
  };
};

/** A server that takes everything, and answers nothing. */
const hanging: MakeTrouble = async ({ log, secret }, { patienceMs }) => {
  const server = process.env.DATABASE_URL ?? '';
  const trial = await postgres.trial(log.scratch, async () => server);
  const { hostname, port } = new URL(server);
  const proxy = await startTcpProxy(hostname, Number(port));
  const { schema } = trial.config as { schema: string };
  const through = new URL(server);
  through.port = String(proxy.port);
  const patience = patienceMs === null ? {} : { statementTimeoutMs: patienceMs, connectTimeoutMs: patienceMs };
  return {
    name: 'hanging-postgres',
    declared: {
      sink: 'postgres',
      config: { url: await secret('postgres', through.href), schema, tls: 'off', ...patience },
      schema: 'text',
    },
    words:
      patienceMs === null
        ? /target_silent: put: the target has not answered for \d+ s/
        : /PostgreSQL at .* cannot be used for now: .*See that it runs and can be reached from here/,
    async begin() {
      proxy.mode = 'hang';
    },
    async end() {
      proxy.mode = 'pass';
    },
    rows: () => trial.rows(TABLES),
    async close() {
      proxy.close();
      await trial.close?.();
    },
  };
};

/** What goes wrong with a target in every run; disks only where one can be mounted. */
export const troublesFor = (canMount: boolean): readonly MakeTrouble[] => [
  limited,
  hanging,
  ...(canMount ? [fullDisk(ndjson)] : []),
];

export { fullDisk };
