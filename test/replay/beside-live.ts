import { median } from '../../bench/median.ts';
import { type OpenAnswer, openLoop, percentile } from '../../bench/open-loop.ts';
import { createShots } from '../overload/shots.ts';
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
 * The p99 of live ingest, in windows without and with a replay at the pace that it has where nobody says one, one after the other. The median of
 * many short windows: a machine that others share stands still for a moment now and then, which would decide the p99 of all requests.
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
  async function window(): Promise<number[]> {
    const answers: OpenAnswer[] = [];
    const onAnswer = (answer: OpenAnswer) => void answers.push(answer);
    const body = () => shots.take();
    const path = { path: '/v1/batches', contentType: 'application/x-ndjson' };
    await openLoop({ port, ...path, rate: offered, count, body, onAnswer });
    refused += answers.filter(({ status }) => status !== 202).length;
    return answers.map((one) => one.sinceScheduled);
  }
  const alone: number[][] = [];
  const beside: number[][] = [];
  let replayed = 0;
  await window();
  for (let n = 0; n < windows; n += 1) {
    alone.push(await window());
    const { id } = await view.replay(`beside-${n}`, scopes, undefined);
    // What a process takes to start is behind it then, and its work is as even as in the middle.
    const before = await view.until(id, 'runs', ({ rows }) => rows > 0);
    beside.push(await window());
    const after = await view.show(id);
    if (after.state !== 'running') throw new Error('the replay ended before the window: write more events before');
    replayed += after.kafka.events - before.kafka.events;
    await view.order(id, 'cancel');
    await view.until(id, 'is over', ({ state }) => state === 'cancelled');
  }
  const of = { alone: alone.map(p99), beside: beside.map(p99) };
  const [ofAlone, ofBeside] = [median(of.alone), median(of.beside)];
  return {
    ...{ alone: ofAlone, beside: ofBeside, refused },
    ratio: Math.round((ofBeside / ofAlone) * 1_000) / 1_000,
    windows: of,
    replayed: Math.round(replayed / (windows * seconds)),
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
