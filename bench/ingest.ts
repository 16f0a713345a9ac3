import { randomBytes } from 'node:crypto';
import { sr25519Sign } from '@polkadot/util-crypto';
import { ready, toHex } from '../protocol/index.ts';
import type { Account } from '../sdk/js/index.ts';
import { type Child, startChild } from './child.ts';
import { fire, type Shot } from './load.ts';
import { machine } from './machine.ts';
import { median } from './median.ts';
import { type BenchSandbox, openSandbox } from './sandbox.ts';
import { batchShots, benchAccounts, benchEvent, EVENT_BYTES } from './workload.ts';

/** Core of the measured server; the broker and the load share the other. */
const SERVER_CORE = 0;

type Contender = 'naive' | 'batch100' | 'batch1000' | 'raw' | 'batch1';

/** What one contender did in one round. */
interface Measure {
  readonly eventsPerSecond: number;
  readonly cpuMicrosPerEvent: number;
}

const TITLES: Readonly<Record<Contender, string>> = {
  naive: '(a) naive: Express, one sr25519 verify and one awaited send per request, 64 connections',
  batch100: '(b) our API, batches of 100, 16 connections',
  batch1000: '(c) our API, batches of 1,000, 8 connections',
  raw: '(d) raw kafkajs, sends of 1,000 records, no check',
  batch1: '(e) our API, batches of one, 64 connections',
};

/** Requests in flight: a client that sends large batches needs few. */
const CONNECTIONS = { naive: 64, batch100: 16, batch1000: 8, batch1: 64 } as const;

/** Batches and events per round: each contender works for about three seconds. */
const SIZES = { naive: 1_000, batch100: 600, batch1000: 150, raw: 150, batch1: 1_500 } as const;

/** `npm run bench -- ingest`: interleaved rounds of five contenders against one real broker. */
export async function bench(options: { rounds: number; json: boolean }): Promise<void> {
  await ready();
  const sandbox = await openSandbox({ parts: ['kafka', 'registry', 'postgres'], othersOn: 1 - SERVER_CORE });
  try {
    const measures = await measure(sandbox, options.rounds);
    report(measures, options);
  } finally {
    await sandbox.close();
  }
}

async function measure(sandbox: BenchSandbox, rounds: number): Promise<Record<Contender, Measure[]>> {
  const accounts = await benchAccounts(16);
  const api = await sandbox.startApi(SERVER_CORE);
  const topic = await sandbox.plainTopic('bench-plain');
  const isListening = (line: Record<string, unknown>) => line.message === 'listening';
  const env = { ...sandbox.env, TOPIC: topic, BYTES: String(EVENT_BYTES) };
  const naive = await startChild({
    file: 'bench/baseline/naive-server.ts',
    core: SERVER_CORE,
    env,
    isReady: isListening,
  });
  const raw = await startChild({
    file: 'bench/baseline/raw-sender.ts',
    core: SERVER_CORE,
    env,
    isReady: (line) => line.message === 'ready',
  });
  const ours = (size: number, batches: number, connections: number) => () => {
    const shots = batchShots({ network: sandbox.network, app: sandbox.app, accounts, batches, size });
    return shoot(api.child, api.port, shots, size, connections);
  };
  const contenders: Record<Contender, () => Promise<Measure>> = {
    naive: () =>
      shoot(naive.child, naive.ready.port as number, naiveShots(accounts, SIZES.naive), 1, CONNECTIONS.naive),
    batch100: ours(100, SIZES.batch100, CONNECTIONS.batch100),
    batch1000: ours(1000, SIZES.batch1000, CONNECTIONS.batch1000),
    raw: () => send(raw.child, SIZES.raw),
    batch1: ours(1, SIZES.batch1, CONNECTIONS.batch1),
  };
  const names = Object.keys(contenders) as Contender[];
  const measures = Object.fromEntries(names.map((name) => [name, [] as Measure[]])) as Record<Contender, Measure[]>;
  for (const name of names) await contenders[name](); // warm-up, not counted
  for (let round = 0; round < rounds; round++) {
    for (const name of names) measures[name].push(await contenders[name]());
    if (process.stderr.isTTY) process.stderr.write(`round ${round + 1} of ${rounds}\n`);
  }
  await Promise.all([naive.child.stop(), raw.child.stop(), api.child.stop()]);
  return measures;
}

async function shoot(
  child: Child,
  port: number,
  shots: readonly Shot[],
  size: number,
  connections: number,
): Promise<Measure> {
  const before = child.cpuMicros();
  const seconds = await fire(port, shots, connections);
  const events = shots.length * size;
  return { eventsPerSecond: events / seconds, cpuMicrosPerEvent: (child.cpuMicros() - before) / events };
}

function naiveShots(accounts: readonly Account[], count: number): Shot[] {
  return Array.from({ length: count }, (_, index) => {
    const account = accounts[index % accounts.length] as Account;
    const event = JSON.stringify(benchEvent(Date.now()));
    const signature = toHex(sr25519Sign(event, account));
    const body = Buffer.from(JSON.stringify({ event, signature, wallet: toHex(account.publicKey) }));
    return { path: '/events', contentType: 'application/json', body };
  });
}

async function send(child: Child, sends: number): Promise<Measure> {
  const answer = new Promise<string>((resolve) => child.lines.once('line', resolve));
  child.process.stdin?.write(`${JSON.stringify({ sends })}\n`);
  const { events, seconds, cpuMicros } = JSON.parse(await answer) as Record<string, number>;
  return {
    eventsPerSecond: (events as number) / (seconds as number),
    cpuMicrosPerEvent: (cpuMicros as number) / (events as number),
  };
}

function report(measures: Record<Contender, Measure[]>, options: { rounds: number; json: boolean }): void {
  const rate = (name: Contender) => median(measures[name].map((measure) => measure.eventsPerSecond));
  const cpu = (name: Contender) => median(measures[name].map((measure) => measure.cpuMicrosPerEvent));
  const ratio = (name: Contender, to: Contender) =>
    round2(
      median(
        measures[name].map((measure, i) => measure.eventsPerSecond / (measures[to][i] as Measure).eventsPerSecond),
      ),
    );
  const ratios = {
    batch1000_vs_naive: ratio('batch1000', 'naive'),
    batch100_vs_naive: ratio('batch100', 'naive'),
    batch1_vs_naive: ratio('batch1', 'naive'),
    batch1000_vs_raw: ratio('batch1000', 'raw'),
  };
  console.log(
    `${machine()}. One real broker of one node, acks=all; the server on one core, broker and load on the other.`,
  );
  console.log(`Events of ${EVENT_BYTES} bytes, sr25519. Medians of ${options.rounds} interleaved rounds; ratios`);
  console.log(
    "are medians of the rounds' own ratios. (a) verifies with @polkadot/util-crypto, as an application would: plain JavaScript",
  );
  console.log("since version 14; we verify with the same library's WebAssembly.");
  for (const [name, title] of Object.entries(TITLES) as [Contender, string][]) {
    console.log(
      `${title.padEnd(90)} ${Math.round(rate(name)).toLocaleString('en').padStart(9)} events/s ${cpu(name).toFixed(1).padStart(8)} µs CPU/event`,
    );
  }
  for (const [name, value] of Object.entries(ratios)) console.log(`${name.padEnd(20)} ${value}`);
  if (options.json) {
    const figures = Object.fromEntries(
      (Object.keys(TITLES) as Contender[]).map((name) => [
        name,
        { events_per_second: Math.round(rate(name)), cpu_us_per_event: round2(cpu(name)) },
      ]),
    );
    console.log(
      JSON.stringify({
        ...ratios,
        figures,
        rounds: options.rounds,
        event_bytes: EVENT_BYTES,
        run: toHex(randomBytes(4)),
      }),
    );
  }
}

const round2 = (value: number): number => Math.round(value * 100) / 100;
