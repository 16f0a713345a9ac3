import { setTimeout as wait } from 'node:timers/promises';
import { createAppSchemas } from '../../connectors/registry/index.ts';
import { toHex } from '../../protocol/index.ts';
import { DdcClient } from '../../sdk/js/index.ts';
import type { ReplayView } from '../../services/pipeline/replays/view.ts';
import { batchesPinned } from '../../topics/batches-pinned.ts';
import { stated } from '../erasure/removing.ts';
import { childOf } from '../support/child-of.ts';
import { rawKafka } from '../support/kafka.ts';
import type { SuiteSandbox } from '../support/sandbox.ts';
import { type AppsView, appsView, difference } from './api.ts';
import { type BesideOptions, type BesideReport, besideLive } from './beside-live.ts';
import { type Flow, openFlow } from './flow.ts';
import { addSchemas } from './mixed-events.ts';

export interface ReplayRunOptions extends BesideOptions {
  readonly events: number;
  /** Where exports of apps go. */
  readonly exports: string;
  readonly partitions: number;
  readonly say: (line: string) => void;
}

/** A replay beside the live export: rows that the other does not have, as often as they are there. */
export interface Compared {
  readonly rows: number;
  readonly missing: number;
  readonly more: number;
  readonly fromKafka: number;
  readonly fromIpfs: number;
  /** Events read in a second, waits of all kinds included. */
  readonly perSecond: number;
}

export interface ReplayReport {
  readonly events: number;
  readonly beside: BesideReport;
  readonly kafka: Compared;
  readonly removedMeanwhile: Compared & { readonly removed: number; readonly left: number; readonly stores: unknown };
  readonly ipfs: Compared;
  readonly interrupted: Compared & { readonly marks: readonly number[] };
  readonly handedOver: Compared & { readonly written: number };
}

const STEADY = 2_500;

/** Replays all events of a flow, in each way that there is, and compares with the live export. */
export async function runReplays(it: SuiteSandbox, options: ReplayRunOptions): Promise<ReplayReport> {
  const { say } = options;
  const { api: endpoint, network } = it.deployment;
  const client = new DdcClient({ endpoint, network, app: it.app });
  try {
    const { SCHEMA_REGISTRY_URL: url = '', DDC_TOPIC_PREFIX: prefix = '' } = it.sandbox.env;
    await addSchemas(createAppSchemas({ url, prefix }), toHex(it.app));
    const view = await appsView(it, options.exports);
    const flow = await openFlow(it, client, 5, options.partitions);
    await view.declare('live', flow.scopes);
    const events = await flow.write(options.events);
    await view.caughtUp('live');
    say(`${events} events are exported live`);
    const beside = await besideLive(it, view, flow.scopes, options);
    say(`p99 beside a replay: ${beside.ratio} times that without one`);
    await removeFrom(it, client, flow, 0);
    await view.caughtUp('live');

    const compare = compareWith(view, say);
    const kafka = await compare('kafka', await view.replay('kafka', flow.scopes, null));
    const removedMeanwhile = await removingMeanwhile(it, client, flow, view, compare);
    await cutRetention(it);
    const ipfs = await compare('ipfs', await view.replay('ipfs', flow.scopes, null));
    const interrupted = await interrupting(it, flow, view, compare);
    const handedOver = await handingOver(flow, view, compare);
    return { events, beside, kafka, removedMeanwhile, ipfs, interrupted, handedOver };
  } finally {
    client.close();
  }
}

type Compare = ReturnType<typeof compareWith>;

const compareWith =
  (view: AppsView, say: (line: string) => void) =>
  async (name: string, { id }: Pick<ReplayView, 'id'>, last?: () => Promise<unknown>): Promise<Compared> => {
    const done = await view.until(id, 'is done', ({ state }) => state === 'done');
    const { kafka: fromKafka, ipfs: fromIpfs, startedAt, endedAt } = done;
    const perSecond = Math.round(((fromKafka.events + fromIpfs.events) * 1_000) / ((endedAt ?? 0) - (startedAt ?? 0)));
    await last?.();
    const live = await view.rows('live');
    const compared = { rows: live.length, ...difference(live, await view.rows(name)), perSecond };
    say(`${name}: ${JSON.stringify(compared)}`);
    return { ...compared, fromKafka: fromKafka.events, fromIpfs: fromIpfs.events };
  };

/** Erases a wallet and removes events of another. @returns once the receipts are there, with what the second says of each store */
async function removeFrom(
  it: SuiteSandbox,
  client: DdcClient,
  flow: Flow,
  victim: number,
): Promise<{ readonly erased: string; readonly events: readonly string[]; readonly stores: unknown }> {
  const [gone, some] = [flow.wallets[victim], flow.wallets[victim + 1]];
  if (!gone || !some) throw new Error('there are not so many wallets');
  flow.end(gone);
  const { id } = await client.requests(gone).erase();
  const page = await client.requests(some).disclosures(some.publicKey, { after: null, limit: 100 });
  const events = page.events.flatMap(({ disclosure }) => (disclosure ? [disclosure.event.id] : []));
  const removal = await client.requests(some).remove({ events });
  const { stores } = await stated(it, await client.requests(some).removed(removal.id));
  await client.requests(gone).removed(id);
  return { erased: toHex(gone.publicKey), events, stores };
}

async function removingMeanwhile(
  it: SuiteSandbox,
  client: DdcClient,
  flow: Flow,
  view: AppsView,
  compare: Compare,
): Promise<ReplayReport['removedMeanwhile']> {
  const job = await view.replay('meanwhile', flow.scopes, STEADY);
  await view.until(job.id, 'is under way', ({ rows }) => rows > STEADY);
  const removed = removeFrom(it, client, flow, 2);
  const compared = await compare('meanwhile', job, () => removed);
  const { erased, events, stores } = await removed;
  const gone = [erased, ...events];
  const left = (await view.rows('meanwhile')).filter((row) => gone.some((one) => row.includes(one))).length;
  return { ...compared, left, removed: events.length, stores };
}

/** Kafka lets go of three quarters of each partition of `pinned`. */
async function cutRetention({ suite }: SuiteSandbox): Promise<void> {
  const topic = `${suite.prefix}${batchesPinned.name}`;
  const admin = rawKafka().admin();
  await admin.connect();
  try {
    const ends = await admin.fetchTopicOffsets(topic);
    const partitions = ends.map(({ partition, high }) => ({
      partition,
      offset: String(Math.floor(Number(high) * 0.75)),
    }));
    await admin.deleteTopicRecords({ topic, partitions });
  } finally {
    await admin.disconnect();
  }
}

/** Its process killed, the job paused and resumed, and the room that runs it restarted. */
async function interrupting(
  { sandbox }: SuiteSandbox,
  flow: Flow,
  view: AppsView,
  compare: Compare,
): Promise<ReplayReport['interrupted']> {
  const job = await view.replay('interrupted', flow.scopes, STEADY);
  const done = ({ origins }: ReplayView) => origins.done;
  const further = (than: number) => view.until(job.id, `goes on beyond ${than}`, (one) => done(one) > than);
  const marks: number[] = [];
  const worker = () => childOf(sandbox.rooms.pid('exports') ?? process.pid, `DDC_REPLAY=${job.id}`);
  const goesOn = async () => marks.push(done(await further(marks.at(-1) ?? 0)));
  await goesOn();
  const pid = worker();
  if (pid === null) throw new Error(`nobody works on ${job.id}`);
  process.kill(pid, 'SIGKILL');
  await goesOn();
  await view.order(job.id, 'pause');
  while (worker() !== null) await wait(100);
  await view.order(job.id, 'resume');
  await goesOn();
  await sandbox.rooms.stop('exports');
  await sandbox.rooms.start('exports');
  return { ...(await compare('interrupted', job, () => view.caughtUp('live'))), marks };
}

/** An export that is filled by a replay while events go on coming, and goes on live. */
async function handingOver(flow: Flow, view: AppsView, compare: Compare): Promise<ReplayReport['handedOver']> {
  await view.declare('copy', flow.scopes, '?paused=true', 'now');
  let writing = true;
  let written = 0;
  const writer = (async () => {
    for (; writing; written += 40) {
      await flow.write(40);
      await wait(250);
    }
  })();
  const compared = await compare('copy', await view.replayInto('copy', 2 * STEADY), async () => {
    await view.resume('copy');
    // It is live, and events come.
    await wait(3_000);
    writing = false;
    await writer;
    await view.caughtUp('live', 'copy');
  });
  return { ...compared, written };
}
