import { setTimeout as wait } from 'node:timers/promises';
import { fire } from '../../bench/load.ts';
import { type OpenAnswer, openLoop, percentile } from '../../bench/open-loop.ts';
import { appsAdd } from '../../cli/apps.ts';
import { toHex } from '../../protocol/index.ts';
import type { SuiteSandbox } from '../support/sandbox.ts';
import { courseOf, type MemoryCourse, residentMiB } from './memory.ts';
import { createShots, type Shots } from './shots.ts';

export interface OverloadOptions {
  /** Events of a batch. */
  readonly size: number;
  /** How long capacity is measured, after a warm-up half as long. */
  readonly capacitySeconds: number;
  /** How many times its capacity it is offered. */
  readonly times: number;
  readonly seconds: number;
  readonly say: (line: string) => void;
}

export interface OverloadReport {
  /** Batches a second, closed loop. */
  readonly capacity: number;
  readonly offered: number;
  /** Batches a second that were answered 202. */
  readonly taken: number;
  readonly accepted: number;
  /** By status and code. */
  readonly refused: Readonly<Record<string, number>>;
  /** Refused in another way than 429 or 503 with Retry-After. */
  readonly wrong: readonly string[];
  /** Milliseconds, of those that were accepted. */
  readonly sinceScheduled: Quantiles;
  readonly sinceSent: Quantiles;
  readonly refusedSinceSent: Quantiles;
  readonly memory: MemoryCourse;
  /** Accepted and not found encrypted, or elsewhere than was answered. */
  readonly lost: number;
  readonly starts: number;
}

interface Quantiles {
  readonly p50: number;
  readonly p99: number;
  readonly most: number;
}

interface Place {
  readonly batchId: string;
  readonly partition: number;
  readonly offset: number;
}

/** Requests in flight when capacity is measured: enough to keep one process busy. */
const CLOSED_LOOP = 8;
const SAMPLE_SECONDS = 1;
/** Nothing more was encrypted for so long: it will not be any more. */
const STALLED_MS = 60_000;

/** Measures what the API takes, then sends more than that, then looks for everything that it accepted. Only the API runs meanwhile. */
export async function runOverload(it: SuiteSandbox, options: OverloadOptions): Promise<OverloadReport> {
  const { say, size, seconds } = options;
  const { rooms } = it.sandbox;
  await appsAdd(it.suite.database.url, toHex(it.app), { tier: 'free', open: true });
  const port = Number(new URL(rooms.url('api')).port);
  const pid = rooms.pid('api') as number;
  const shots = createShots(it.app, size);
  const capacity = await measureCapacity(port, shots, options.capacitySeconds);
  say(`capacity: ${Math.round(capacity)} batches of ${size} a second, ${CLOSED_LOOP} at once`);

  const rate = capacity * options.times;
  const count = Math.ceil(rate * seconds);
  shots.prepare(count - shots.left);
  say(`${count} batches are signed; offering ${Math.round(rate)} a second for ${seconds} s`);
  const answers: OpenAnswer[] = [];
  const memory: number[] = [];
  const sampling = setInterval(() => memory.push(residentMiB(pid)), SAMPLE_SECONDS * 1_000);
  try {
    const body = () => shots.take();
    const onAnswer = (answer: OpenAnswer) => void answers.push(answer);
    await openLoop({ port, path: '/v1/batches', contentType: 'application/x-ndjson', rate, count, body, onAnswer });
  } finally {
    clearInterval(sampling);
  }
  const accepted = answers.filter(({ status }) => status === 202);
  say(`${accepted.length} accepted; looking for them`);
  const lost = await notEncrypted(
    it,
    accepted.map(({ body }) => JSON.parse(body) as Place),
  );
  const refusals = answers.filter(({ status }) => status !== 202);
  return {
    capacity: Math.round(capacity),
    offered: Math.round(rate),
    taken: Math.round(accepted.length / seconds),
    accepted: accepted.length,
    refused: counted(refusals),
    wrong: refusals.filter((one) => !isProper(one)).map(({ status, body }) => `${status} ${body.slice(0, 200)}`),
    sinceScheduled: quantiles(accepted.map((one) => one.sinceScheduled)),
    sinceSent: quantiles(accepted.map((one) => one.sinceSent)),
    refusedSinceSent: quantiles(refusals.map((one) => one.sinceSent)),
    memory: courseOf(memory, SAMPLE_SECONDS),
    lost,
    starts: rooms.starts('api'),
  };
}

const isProper = ({ status, retryAfter }: OpenAnswer): boolean =>
  (status === 429 || status === 503) && /^[1-9]\d*$/.test(retryAfter ?? '');

/** Batches a second of a closed loop: each lane sends its next when the one before is answered. */
async function measureCapacity(port: number, shots: Shots, seconds: number): Promise<number> {
  const shot = () => {
    const body = Buffer.concat(shots.take());
    return { path: '/v1/batches', contentType: 'application/x-ndjson', body };
  };
  const send = async (count: number) => {
    shots.prepare(count - shots.left);
    return count / (await fire(port, Array.from({ length: count }, shot), CLOSED_LOOP));
  };
  let rate = await send(CLOSED_LOOP * 4);
  rate = await send(Math.ceil((rate * seconds) / 2));
  return send(Math.ceil(rate * seconds));
}

/** Starts the encryptor, waits until it has gone through, and counts what it did not find or found elsewhere. */
async function notEncrypted({ sandbox, deployment }: SuiteSandbox, places: readonly Place[]): Promise<number> {
  await sandbox.rooms.start('encryptor');
  await sandbox.rooms.ready('encryptor');
  let left = [...places];
  let progress = performance.now();
  while (left.length > 0 && performance.now() - progress < STALLED_MS) {
    const missing: Place[] = [];
    // Encrypted in order, roughly: while the first page is not through, the others need not be asked for.
    for (let from = 0; from < left.length; from += 1_000) {
      const page = left.slice(from, from + 1_000);
      const behind = missing.length >= 1_000 ? page : await notYet(deployment.api, page);
      missing.push(...behind);
    }
    if (missing.length < left.length) progress = performance.now();
    left = missing;
    if (left.length > 0) await wait(250);
  }
  return left.length;
}

async function notYet(api: string, page: readonly Place[]): Promise<Place[]> {
  const answer = await fetch(`${api}/v1/batches/status`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ids: page.map(({ batchId }) => batchId) }),
  });
  if (answer.status !== 200) throw new Error(`statuses were answered ${answer.status}: ${await answer.text()}`);
  const { batches } = (await answer.json()) as {
    batches: { position: { partition: number; offset: number } | null; stages: { encrypted: boolean } }[];
  };
  return page.filter(({ partition, offset }, i) => {
    const { position, stages } = batches[i] ?? {};
    return !stages?.encrypted || position?.partition !== partition || position.offset !== offset;
  });
}

function counted(answers: readonly OpenAnswer[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status, body } of answers) {
    const code = /"code":"(\w+)"/.exec(body)?.[1] ?? body.slice(0, 40);
    counts[`${status} ${code}`] = (counts[`${status} ${code}`] ?? 0) + 1;
  }
  return counts;
}

function quantiles(values: readonly number[]): Quantiles {
  if (values.length === 0) return { p50: 0, p99: 0, most: 0 };
  const sorted = [...values].sort((a, b) => a - b);
  const [p50, p99, most] = [0.5, 0.99, 1].map((share) => Math.round(percentile(sorted, share)));
  return { p50: p50 ?? 0, p99: p99 ?? 0, most: most ?? 0 };
}
