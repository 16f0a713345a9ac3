import { median } from '../../bench/median.ts';
import { type OpenAnswer, openLoop, percentile } from '../../bench/open-loop.ts';
import { createShots } from '../overload/shots.ts';
import { childOf } from '../support/child-of.ts';
import type { SuiteSandbox } from '../support/sandbox.ts';
import type { AppsView } from './api.ts';

export interface BesideOptions {
  readonly windows: number;
  readonly seconds: number;
  /** Batches a second. */
  readonly offered: number;
}

/** Milliseconds. */
export interface BesideReport {
  /** The median of the windows' p99. */
  readonly alone: number;
  readonly beside: number;
  /** `beside` to `alone`. */
  readonly ratio: number;
  /** The p99 of each window: what says how far to trust the others. */
  readonly windows: { readonly alone: readonly number[]; readonly beside: readonly number[] };
  /** Events a second that were replayed in the windows beside. */
  readonly replayed: number;
  readonly refused: number;
}

const EVENTS = 10;

/**
 * The p99 of live ingest in windows without and with a replay at the pace that it has where nobody says one, in turn; in those without it its
 * process is stopped, for less than its consumer group would miss it. The median of many short windows: a machine that others share stands
 * still for a moment now and then, which would decide the p99 of all requests.
 */
export async function besideLive(
  it: SuiteSandbox,
  view: AppsView,
  scopes: readonly string[],
  { windows, seconds, offered }: BesideOptions,
): Promise<BesideReport> {
  const port = Number(new URL(it.deployment.api).port);
  const count = Math.ceil(offered * seconds);
  const shots = createShots(it.app, EVENTS);
  shots.prepare(count * (2 * windows + 1));
  let refused = 0;
  async function window(): Promise<number> {
    const answers: OpenAnswer[] = [];
    const onAnswer = (answer: OpenAnswer) => void answers.push(answer);
    const body = () => shots.take();
    const path = { path: '/v1/batches', contentType: 'application/x-ndjson' };
    await openLoop({ port, ...path, rate: offered, count, body, onAnswer });
    refused += answers.filter(({ status }) => status !== 202).length;
    return p99(answers.map((one) => one.sinceScheduled));
  }
  const alone: number[] = [];
  const beside: number[] = [];
  const { id } = await view.replay('beside', scopes, undefined);
  // What a process takes to start is behind it then, and its work is as even as in the middle.
  const before = await view.until(id, 'runs', ({ rows }) => rows > 0);
  const replayer = childOf(it.sandbox.rooms.pid('exports') ?? 0, `DDC_REPLAY=${id}`);
  if (replayer === null) throw new Error('the replay has no process');
  await window();
  for (let n = 0; n < windows; n += 1) {
    process.kill(replayer, 'SIGSTOP');
    try {
      alone.push(await window());
    } finally {
      process.kill(replayer, 'SIGCONT');
    }
    beside.push(await window());
  }
  const after = await view.show(id);
  if (after.state !== 'running') throw new Error('the replay ended before the last window: write more events before');
  const replayed = after.kafka.events - before.kafka.events;
  if (replayed === 0) throw new Error('the replay stood still in all windows: nothing was measured');
  await view.order(id, 'cancel');
  await view.until(id, 'is over', ({ state }) => state === 'cancelled');
  const [ofAlone, ofBeside] = [median(alone), median(beside)];
  return {
    ...{ alone: ofAlone, beside: ofBeside, refused },
    ratio: Math.round((ofBeside / ofAlone) * 1_000) / 1_000,
    windows: { alone, beside },
    replayed: Math.round(replayed / ((windows + 1) * seconds)),
  };
}

/** To a tenth. */
const p99 = (milliseconds: readonly number[]): number =>
  Math.round(
    percentile(
      [...milliseconds].sort((a, b) => a - b),
      0.99,
    ) * 10,
  ) / 10;
