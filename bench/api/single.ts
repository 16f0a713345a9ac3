import { toHex } from '../../protocol/index.ts';
import { startChild } from '../child.ts';
import { fire, type Shot } from '../load.ts';
import { median } from '../median.ts';
import { openLoop, percentile } from '../open-loop.ts';
import { openSandbox } from '../sandbox.ts';
import { batchShots, benchAccounts, benchEvent } from '../workload.ts';

/** Core of the measured server; the broker and the load share the other. */
const SERVER_CORE = 0;
/** Requests in flight when capacity is measured. */
const CLOSED_LOOP = 64;
const CAPACITY_REQUESTS = 1_500;
const ROUND_SECONDS = 4;

interface Latency {
  readonly p50: number;
  readonly p99: number;
}

/**
 * p99 of one signed, verified and sealed event a request against bare Express with an awaited kafkajs send. Both are offered the same rate, half of the
 * lower of their two capacities, open loop and in turns; latency from when a request should have been sent. The ratio is the median of the rounds' own.
 */
export async function single(rounds: number): Promise<Record<string, unknown>> {
  const sandbox = await openSandbox({ parts: ['kafka', 'registry', 'postgres'], othersOn: 1 - SERVER_CORE });
  try {
    const accounts = await benchAccounts(64);
    const api = await sandbox.startApi(SERVER_CORE);
    const bare = await startChild({
      file: 'bench/baseline/bare-server.ts',
      core: SERVER_CORE,
      env: { ...sandbox.env, TOPIC: await sandbox.plainTopic('bench-bare') },
      isReady: (line) => line.message === 'listening',
    });
    const ours = (count: number): Shot[] =>
      batchShots({ network: sandbox.network, app: sandbox.app, accounts, batches: count, size: 1 }).map(asEvent);
    const theirs = (count: number): Shot[] =>
      Array.from({ length: count }, (_, i) => {
        const wallet = toHex(accounts[i % accounts.length]?.publicKey ?? new Uint8Array());
        const body = Buffer.from(JSON.stringify({ wallet, event: benchEvent(Date.now()) }));
        return { path: '/events', contentType: 'application/json', body };
      });
    const contenders = {
      ours: { port: api.port, make: ours },
      bare: { port: bare.ready.port as number, make: theirs },
    };
    const capacity = async ({ port, make }: (typeof contenders)['ours']) => {
      await fire(port, make(CAPACITY_REQUESTS), CLOSED_LOOP); // warm-up, not counted
      return CAPACITY_REQUESTS / (await fire(port, make(CAPACITY_REQUESTS), CLOSED_LOOP));
    };
    const capacities = { ours: await capacity(contenders.ours), bare: await capacity(contenders.bare) };
    const rate = Math.min(capacities.ours, capacities.bare) / 2;
    const latencies: Record<keyof typeof contenders, Latency[]> = { ours: [], bare: [] };
    for (let round = -1; round < rounds; round++) {
      for (const name of round % 2 === 0 ? (['ours', 'bare'] as const) : (['bare', 'ours'] as const)) {
        const { port, make } = contenders[name];
        const found = await latencyOf(port, make(Math.ceil(rate * ROUND_SECONDS)), rate);
        if (round >= 0) latencies[name].push(found);
      }
    }
    await Promise.all([api.child.stop(), bare.child.stop()]);
    return report(latencies, capacities, rate, rounds);
  } finally {
    await sandbox.close();
  }
}

/** A batch of one as `POST /v1/events` takes it. */
function asEvent({ body }: Shot): Shot {
  const [header, event] = Buffer.from(body).toString().split('\n');
  return {
    path: '/v1/events',
    contentType: 'application/json',
    body: Buffer.from(`{"header":${header},"event":${event}}`),
  };
}

async function latencyOf(port: number, shots: readonly Shot[], rate: number): Promise<Latency> {
  const [first] = shots;
  if (!first) throw new Error('there is nothing to send');
  const taken: number[] = [];
  await openLoop({
    ...{ port, rate, path: first.path, contentType: first.contentType, count: shots.length },
    body: (index) => [(shots[index] as Shot).body],
    onAnswer: ({ status, sinceScheduled, body }) => {
      if (status !== 202) throw new Error(`${first.path} answered ${status}: ${body}`);
      taken.push(sinceScheduled);
    },
  });
  taken.sort((a, b) => a - b);
  return { p50: percentile(taken, 0.5), p99: percentile(taken, 0.99) };
}

function report(
  { ours, bare }: Record<'ours' | 'bare', readonly Latency[]>,
  capacities: Readonly<Record<'ours' | 'bare', number>>,
  rate: number,
  rounds: number,
): Record<string, unknown> {
  const round2 = (value: number) => Math.round(value * 100) / 100;
  const mid = (those: readonly Latency[], of: keyof Latency) => round2(median(those.map((one) => one[of])));
  const ratio = round2(median(ours.map((one, i) => one.p99 / (bare[i] as Latency).p99)));
  console.log(
    `One event a request, ${Math.round(rate)} requests/s: half of the lower capacity. Medians of ${rounds} rounds in turns, ${ROUND_SECONDS} s each, open loop, ms.`,
  );
  const line = (title: string, those: readonly Latency[], capacity: number) =>
    console.log(
      `${title.padEnd(66)} p50 ${mid(those, 'p50').toFixed(2).padStart(7)}  p99 ${mid(those, 'p99').toFixed(2).padStart(7)}  capacity ${Math.round(capacity)}/s`,
    );
  line('our API: signed, verified, sealed', ours, capacities.ours);
  line('bare: Express, one awaited kafkajs send, no check', bare, capacities.bare);
  console.log(`single_p99_vs_bare   ${ratio}`);
  const figures = (those: readonly Latency[], capacity: number) => ({
    p50_ms: mid(those, 'p50'),
    p99_ms: mid(those, 'p99'),
    capacity: Math.round(capacity),
  });
  return {
    single_p99_vs_bare: ratio,
    single: { rate: Math.round(rate), ours: figures(ours, capacities.ours), bare: figures(bare, capacities.bare) },
  };
}
