import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSandbox } from '../cli/sandbox/sandbox.ts';
import { ready } from '../protocol/index.ts';
import { display } from '../stack/progress.ts';
import { startStack } from '../stack/stack.ts';
import { startChild } from './child.ts';
import { type ExporterRun, runExporter } from './export/exporter-run.ts';
import { kafkaSinkRounds } from './export/kafka-sink.ts';
import { BATCH, openPinnedFeed } from './export/pinned-feed.ts';
import { runReplay } from './export/replay-run.ts';
import { machine } from './machine.ts';
import { median } from './median.ts';

const PART_NAMES = ['kafka', 'registry', 'postgres', 'ipfs'] as const;

/** Rows. */
interface Sizes {
  /** Of each round of the ratio, and of the replays. */
  readonly round: number;
  /** Before the clock of a round starts: what it is compared with has written everything once before it is timed. */
  readonly warm: number;
  /** At both of these memory is looked at. */
  readonly small: number;
  readonly large: number;
  /** Beyond the last that is counted, so that the export is never at the end of its input. */
  readonly more: number;
  readonly sink: number;
}
const FULL: Sizes = {
  round: 300_000,
  warm: 300_000,
  small: 100_000,
  large: 1_000_000,
  more: 150_000,
  sink: 100_000,
};
const QUICK: Sizes = { round: 120_000, warm: 120_000, small: 50_000, large: 250_000, more: 80_000, sink: 20_000 };

/** `npm run bench -- export`: the export of typed rows against what writing them costs at least. */
export async function bench(options: { rounds: number; json: boolean; quick: boolean }): Promise<void> {
  await ready();
  const sizes = options.quick ? QUICK : FULL;
  const folder = mkdtempSync(join(tmpdir(), 'ddc-bench-'));
  const stack = await startStack({ folder, parts: PART_NAMES, progress: display(PART_NAMES), fullSpeed: true });
  try {
    const { env } = await startSandbox({ folder, stack, rooms: [] });
    const figures = await measure(env, folder, sizes, options.rounds);
    if (options.json) console.log(JSON.stringify({ ...figures, rounds: options.rounds, quick: options.quick }));
  } finally {
    await stack.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(
  env: Readonly<Record<string, string>>,
  folder: string,
  sizes: Sizes,
  rounds: number,
): Promise<Readonly<Record<string, number>>> {
  const feed = await openPinnedFeed(env);
  let runs = 0;
  /** Into a folder of its own; `use` looks at it before it is deleted. */
  async function exported<T>(marks: number[], use: (run: ExporterRun, folder: string) => Promise<T>): Promise<T> {
    runs += 1;
    const target = join(folder, `export-${runs}`);
    try {
      return await use(await runExporter(env, { name: `bench-${runs}`, app: feed.app, folder: target, marks }), target);
    } finally {
      rmSync(target, { recursive: true, force: true });
    }
  }
  try {
    console.log(
      `${machine()}. Everything on this machine, one broker of one node. Batches of ${BATCH} events, sr25519, two types with schemas.`,
    );
    await feed.feed(sizes.round, { indexed: true });
    await feed.feed(sizes.large - sizes.round + sizes.more, { indexed: false });
    // Once for nothing: the broker is as young as everything else, and its own compiler takes a good part of the machine.
    await exported([sizes.warm + sizes.round], async () => undefined);
    const measured: { ours: ExporterRun; duckdb: number; threads: number }[] = [];
    for (let round = 0; round < rounds; round += 1) {
      measured.push(
        await exported([sizes.warm, sizes.warm + sizes.round], async (ours, target) => ({
          ours,
          duckdb: await duckdbRate(target, join(folder, 'duckdb'), '1'),
          threads: await duckdbRate(target, join(folder, 'duckdb'), '2'),
        })),
      );
    }
    const ratio = median(measured.map(({ ours, duckdb }) => ours.rowsPerSecond / duckdb));
    const ours = median(measured.map((one) => one.ours.rowsPerSecond));
    const cpu = median(measured.map((one) => one.ours.cpuPerRow));
    shown(`export of ${many(sizes.round)} rows to Parquet`, ours, `, ${cpu.toFixed(1)} µs of CPU per row`);
    shown('DuckDB, the same rows from memory', median(measured.map((one) => one.duckdb)));
    shown('DuckDB with two threads', median(measured.map((one) => one.threads)));
    console.log(`parquet_vs_duckdb    ${ratio.toFixed(2)}`);

    const turns = await kafkaSinkRounds(env, { rounds, rows: sizes.sink });
    const sinkRatio = median(turns.map(({ sink, raw }) => sink / raw));
    shown('sink kafka', median(turns.map(({ sink }) => sink)));
    shown('raw kafkajs, the same records', median(turns.map(({ raw }) => raw)));
    console.log(`kafka_sink_vs_raw    ${sinkRatio.toFixed(2)}`);

    const long = await exported([sizes.small, sizes.large], async (run) => run);
    const [small = 0, large = 0] = long.peaks;
    shown(`export of ${many(sizes.large)} rows to Parquet`, long.rowsPerSecond);
    console.log(`most memory          ${small} MiB at ${many(sizes.small)} rows, ${large} MiB at ${many(sizes.large)}`);

    const kafka = await runReplay(env, { app: feed.app, folder: join(folder, 'replay-kafka') });
    await feed.trim();
    const ipfs = await runReplay(env, { app: feed.app, folder: join(folder, 'replay-ipfs') });
    if (kafka.from.ipfs > 0 || ipfs.from.kafka > 0) throw new Error('a replay read from elsewhere than it should');
    if (kafka.rows !== sizes.round || ipfs.rows !== sizes.round) throw new Error('a replay is not whole');
    shown(`replay of ${many(sizes.round)} rows from Kafka`, kafka.rowsPerSecond);
    shown(`replay of ${many(sizes.round)} rows from IPFS`, ipfs.rowsPerSecond);
    return {
      parquet_vs_duckdb: round2(ratio),
      kafka_sink_vs_raw: round2(sinkRatio),
      export_rows_per_second: Math.round(ours),
      export_cpu_us_per_row: Math.round(cpu * 10) / 10,
      duckdb_rows_per_second: Math.round(median(measured.map((one) => one.duckdb))),
      peak_mib_small: small,
      peak_mib_large: large,
      long_rows_per_second: Math.round(long.rowsPerSecond),
      replay_kafka_rows_per_second: Math.round(kafka.rowsPerSecond),
      replay_ipfs_rows_per_second: Math.round(ipfs.rowsPerSecond),
    };
  } finally {
    await feed.close();
  }
}

/** Rows a second of DuckDB writing what this export holds, from memory. */
async function duckdbRate(exportFolder: string, out: string, threads: string): Promise<number> {
  const { child, ready: told } = await startChild({
    file: 'bench/baseline/duck-writer.ts',
    core: null,
    env: { FOLDER: exportFolder, OUT: out, THREADS: threads },
    isReady: (line) => typeof line.seconds === 'number',
  });
  await child.stop();
  rmSync(out, { recursive: true, force: true });
  return Number(told.rows) / Number(told.seconds);
}

const many = (n: number) => n.toLocaleString('en');
const round2 = (n: number) => Math.round(n * 100) / 100;
const shown = (what: string, rate: number, more = '') =>
  console.log(`${what.padEnd(42)} ${many(Math.round(rate)).padStart(9)} rows/s${more}`);
