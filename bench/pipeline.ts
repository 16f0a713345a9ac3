import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { sql } from 'kysely';
import { exportedEventIds } from '../cli/census/exported-rows.ts';
import { allowExports } from '../cli/demo/allow.ts';
import { sandboxCast } from '../cli/demo/cast.ts';
import { startSandbox } from '../cli/sandbox/sandbox.ts';
import { type Database, openDatabase } from '../connectors/postgres/database.ts';
import { ready, toHex } from '../protocol/index.ts';
import { DdcClient } from '../sdk/js/index.ts';
import { PARTS } from '../stack/parts.ts';
import { display } from '../stack/progress.ts';
import { ROOMS } from '../stack/rooms.ts';
import { cpuMicros } from './child.ts';
import { fire } from './load.ts';
import { machine } from './machine.ts';
import { median } from './median.ts';
import { NO_LIMITS } from './sandbox.ts';
import { batchShots, benchAccounts } from './workload.ts';

const SIZE = 100;
const BATCHES = 600;
const CONNECTIONS = 16;
const LOOK_EVERY_MS = 50;
const PATIENCE_MS = 180_000;

interface Round {
  readonly toIndex: number;
  readonly toParquet: number;
  /** Room → microseconds of CPU per event. */
  readonly cpu: Readonly<Record<string, number>>;
}

/** `npm run bench -- pipeline`: every room and part on this machine, batches of 100, from the first request to the last row. */
export async function bench(options: { rounds: number; json: boolean }): Promise<void> {
  await ready();
  const folder = mkdtempSync(join(tmpdir(), 'ddc-bench-'));
  const progress = display(PARTS.map((part) => part.name));
  const sandbox = await startSandbox({ folder, progress, fullSpeed: true, env: { DDC_LIMITS: NO_LIMITS } });
  const database = openDatabase(sandbox.env.DATABASE_URL as string, { connections: 2 });
  try {
    const { app } = await sandboxCast();
    const accounts = await benchAccounts(16);
    const network = sandbox.env.DDC_NETWORK as string;
    const client = new DdcClient({ endpoint: sandbox.rooms.url('api'), network, app: app.publicKey });
    await allowExports(
      client,
      accounts.map((wallet) => ({ wallet, scopes: ['purchase'] })),
    );
    const rounds: Round[] = [];
    for (let n = -1; n < options.rounds; n++) {
      const workload = {
        network,
        app: app.publicKey,
        accounts,
        batches: BATCHES,
        size: SIZE,
        // One that the sandbox's export reads; an event without any gives no row.
        scope: 'purchase',
      };
      const shots = batchShots(workload);
      const cpu = () => ROOMS.map((room) => cpuMicros(sandbox.rooms.pid(room) as number));
      const before = { rows: await indexedEvents(database), cpu: cpu() };
      const started = performance.now();
      const port = Number(new URL(sandbox.rooms.url('api')).port);
      await fire(port, shots, CONNECTIONS);
      await until(async () => (await indexedEvents(database)) - before.rows >= BATCHES * SIZE);
      const toIndex = rate(started);
      const ids = await newestBatches(database, BATCHES);
      await until(async () => (await exportedEventIds(sandbox.exportFolder, ids)).length >= BATCHES * SIZE);
      const after = cpu();
      const perEvent = ROOMS.map((room, i) => [
        room,
        ((after[i] as number) - (before.cpu[i] as number)) / (BATCHES * SIZE),
      ]);
      if (n >= 0) rounds.push({ toIndex, toParquet: rate(started), cpu: Object.fromEntries(perEvent) });
    }
    report(rounds, options.json);
  } finally {
    await database.close();
    await sandbox.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

const rate = (started: number): number => (BATCHES * SIZE) / ((performance.now() - started) / 1000);

async function indexedEvents(database: Database): Promise<number> {
  const { rows } = await sql<{ events: number }>`SELECT coalesce(sum(count), 0)::int AS events FROM batches`.execute(
    database.kysely,
  );
  return rows[0]?.events ?? 0;
}

async function newestBatches(database: Database, count: number): Promise<Set<string>> {
  const { rows } = await sql<{ id: Uint8Array }>`
    SELECT batch_id AS id FROM batches ORDER BY issued_at DESC LIMIT ${count}`.execute(database.kysely);
  return new Set(rows.map(({ id }) => toHex(id)));
}

async function until(done: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await done())) {
    if (performance.now() > deadline) throw new Error(`not done after ${PATIENCE_MS / 1000} s; see the rooms' logs`);
    await wait(LOOK_EVERY_MS);
  }
}

function report(rounds: readonly Round[], json: boolean): void {
  const toIndex = Math.round(median(rounds.map((round) => round.toIndex)));
  const toParquet = Math.round(median(rounds.map((round) => round.toParquet)));
  const cpu = Object.fromEntries(ROOMS.map((room) => [room, median(rounds.map((round) => round.cpu[room] as number))]));
  const total = Object.values(cpu).reduce((sum, micros) => sum + micros, 0);
  console.log(
    `${machine()}. All rooms and parts on this machine, batches of ${SIZE}, ${BATCHES * SIZE} events a round, medians of ${rounds.length} rounds.`,
  );
  console.log(`to the last index row    ${toIndex.toLocaleString('en').padStart(9)} events/s`);
  console.log(`to the last Parquet row  ${toParquet.toLocaleString('en').padStart(9)} events/s`);
  for (const [room, micros] of Object.entries(cpu)) {
    console.log(
      `${room.padEnd(12)} ${micros.toFixed(1).padStart(7)} µs CPU/event ${((micros / total) * 100).toFixed(0).padStart(4)} %`,
    );
  }
  if (json)
    console.log(
      JSON.stringify({ to_index: toIndex, to_parquet: toParquet, cpu_us_per_event: cpu, rounds: rounds.length }),
    );
}
