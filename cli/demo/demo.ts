import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { auditCharges } from '../../connectors/chain/audit.ts';
import { openRegistry } from '../../connectors/registry/index.ts';
import { fromHex, ready, toHex } from '../../protocol/index.ts';
import { root } from '../../stack/root.mjs';
import { batchesDead } from '../../topics/batches-dead.ts';
import { type Holdings, repeated, takeExported, takeHoldings } from '../census/census.ts';
import { countDeadLetters, deadLetterEnds } from '../census/dead-letters.ts';
import { indexRows } from '../census/index-rows.ts';
import { type SettlementProof, settlementProofs } from '../census/settlement.ts';
import { type Deployment, openStores, type Stores } from '../census/stores.ts';
import { sandboxCast } from './cast.ts';
import { type DemoEvent, parseInteractions, parseSample } from './interactions.ts';
import { busiest, describeJourney, describeSettlement, type Journey } from './journey.ts';
import { type Sending, send } from './send.ts';
import { StageDisplay } from './stage-display.ts';

export interface DemoOptions {
  /** NDJSON of events; the sample when absent. */
  readonly events?: string;
  /** Only the first so many events. */
  readonly limit?: number;
  /** Last line of stdout is the report as JSON; the journey goes to stderr. */
  readonly json?: boolean;
  /** Called once the journey is printed; the last stages are still under way. */
  readonly afterJourney?: () => void;
}

/** What one run did, each number counted at its store. */
export interface DemoReport {
  readonly accepted: number;
  readonly encrypted: number;
  readonly pinned: number;
  readonly indexed: number;
  readonly settled: number;
  readonly exported: number;
  readonly dlq: number;
  readonly duplicates: number;
  readonly resent: number;
  readonly pins: number;
  readonly extrinsics: number;
  readonly seconds: number;
}

/** Longest wait for the last stage after the first request. */
const PATIENCE_MS = 240_000;
const LOOK_EVERY_MS = 500;

/**
 * The main job once: sends events, waits until every stage has them, prints one customer's journey and its settlement.
 * @returns the report; it is complete when all six stages equal the number of events.
 * @throws BadLine before anything is sent.
 */
export async function demo(
  deployment: Deployment,
  options: DemoOptions,
): Promise<{ report: DemoReport; complete: boolean }> {
  const events = readEvents(options);
  await ready();
  const cast = await sandboxCast();
  const say = (text: string) => (options.json ? process.stderr : process.stdout).write(`${text}\n`);
  const stores = await openStores(deployment);
  const display = new StageDisplay(events.length);
  let sending: Sending | undefined;
  try {
    const before = await countBefore(stores);
    const started = performance.now();
    sending = send(events, cast, { endpoint: deployment.api, network: deployment.network });
    // Awaited in `indexed`; until then a failure is not unhandled.
    sending.safe.catch(() => undefined);
    const customer = busiest(events);
    const own = await ownBatches(stores, sending, customer);
    say(describeJourney({ customer, wallet: cast.wallet(customer).publicKey, batches: own }));
    options.afterJourney?.();
    const batchIds = await indexed(stores, sending, display);
    const holdings = await takeHoldings(stores, batchIds);
    const last = await lastStages(stores, batchIds, events.length, before.block, display);
    const seconds = (performance.now() - started) / 1000;
    display.close();
    const mine = last.proofs.find((proof) => own.some(({ row }) => toHex(row.batchId) === toHex(proof.batchId)));
    if (mine) say(describeSettlement(mine));
    for (const failure of holdings.failures.slice(0, 5)) say(`  ${failure}`);
    const report = await reportOf({ stores, sending, holdings, batchIds, before, seconds, ...last });
    return { report, complete: isComplete(report, events.length) };
  } finally {
    // Or it would try for ever to send to a sandbox that was stopped meanwhile.
    sending?.close();
    display.close();
    await stores.close();
  }
}

function readEvents({ events: file, limit }: DemoOptions): DemoEvent[] {
  const sample = join(root, 'examples/data/cdnow_sample.txt');
  const events = file ? parseInteractions(readFileSync(file, 'utf8')) : parseSample(readFileSync(sample, 'utf8'));
  if (events.length === 0) throw new Error(`${file} holds no event.`);
  return events.slice(0, limit ?? events.length);
}

interface Before {
  readonly pins: number;
  /** Finalized block. */
  readonly block: number;
  readonly deadLetters: readonly number[];
}

async function countBefore(stores: Stores): Promise<Before> {
  const { deployment, operator } = stores;
  const [pins, { head }, deadLetters] = await Promise.all([
    countPins(stores),
    auditCharges({ endpoint: deployment.chainRpc, operator, from: 'head' }),
    deadLetterEnds(stores),
  ]);
  return { pins, block: head.number, deadLetters };
}

async function countPins({ ipfs }: Stores): Promise<number> {
  let count = 0;
  for await (const _ of ipfs.pins()) count += 1;
  return count;
}

/** Waits until everything is sent and the index has a row for every batch. @returns their ids */
async function indexed(stores: Stores, sending: Sending, display: StageDisplay): Promise<Uint8Array[]> {
  let sent = false;
  const noteSent = () => {
    sent = true;
  };
  sending.safe.then(noteSent, noteSent);
  let batchIds: Uint8Array[] = [];
  await until(async () => {
    const complete = sent;
    batchIds = idsOf(sending.batches.keys());
    if (batchIds.length === 0) return complete;
    const { indexedBatches } = await display.look(stores, batchIds);
    return complete && indexedBatches === batchIds.length;
  });
  await sending.safe;
  return batchIds;
}

/** One customer's batches, as soon as the index has them, opened with the customer's key. */
async function ownBatches(stores: Stores, sending: Sending, customer: string): Promise<Journey['batches']> {
  await sending.safeOf(customer);
  const own = [...sending.batches].filter(([, batch]) => batch.customer === customer);
  const batchIds = idsOf(own.map(([id]) => id));
  await until(async () => (await indexRows(stores.database, batchIds)).length === batchIds.length);
  const { rows, opened } = await takeHoldings(stores, batchIds);
  return rows.flatMap((row) => {
    const batch = opened.get(toHex(row.batchId));
    return batch ? [{ row, batch }] : [];
  });
}

const idsOf = (hex: Iterable<string>): Uint8Array[] => [...hex].map((id) => fromHex(id, 32));

interface LastStages {
  readonly proofs: readonly SettlementProof[];
  readonly extrinsics: number;
  readonly exportedIds: readonly string[];
}

/** Waits until the chain and the export have every event, or patience ends; returns what they have. */
async function lastStages(
  stores: Stores,
  batchIds: readonly Uint8Array[],
  events: number,
  from: number,
  display: StageDisplay,
): Promise<LastStages> {
  const { deployment, operator, database } = stores;
  let last: LastStages = { proofs: [], extrinsics: 0, exportedIds: [] };
  await until(async () => {
    const { settledBatches } = await display.look(stores, batchIds);
    const exportedIds = await takeExported(stores, batchIds);
    display.exported(exportedIds.length);
    last = { ...last, exportedIds };
    if (settledBatches < batchIds.length) return false;
    const { charges, extrinsics } = await auditCharges({ endpoint: deployment.chainRpc, operator, from });
    last = { exportedIds, extrinsics, proofs: await settlementProofs(database, batchIds, charges) };
    return sum(last.proofs.map((proof) => proof.count)) >= events && exportedIds.length >= events;
  });
  return last;
}

async function reportOf(run: {
  stores: Stores;
  sending: Sending;
  holdings: Holdings;
  batchIds: readonly Uint8Array[];
  before: Before;
  seconds: number;
  proofs: readonly SettlementProof[];
  extrinsics: number;
  exportedIds: readonly string[];
}): Promise<DemoReport> {
  const { stores, sending, holdings, proofs, exportedIds, before } = run;
  const codec = await (await openRegistry({ url: stores.deployment.schemaRegistryUrl })).for({
    ...batchesDead,
    name: `${stores.deployment.topicPrefix}${batchesDead.name}`,
  });
  return {
    accepted: sum([...sending.batches.values()].map((batch) => batch.events)),
    encrypted: holdings.eventIds.length,
    pinned: holdings.eventsFound,
    indexed: sum(holdings.rows.map((row) => row.count)),
    settled: sum(proofs.map((proof) => proof.count)),
    exported: exportedIds.length,
    dlq: await countDeadLetters(stores, codec, before.deadLetters, new Set(sending.batches.keys())),
    duplicates:
      repeated(holdings.rows.map((row) => toHex(row.batchId))) +
      repeated(holdings.eventIds) +
      repeated(proofs.map((proof) => toHex(proof.batchId))) +
      repeated(exportedIds),
    resent: sending.resent(),
    pins: (await countPins(stores)) - before.pins,
    extrinsics: run.extrinsics,
    seconds: Math.round(run.seconds * 10) / 10,
  };
}

function isComplete(report: DemoReport, events: number): boolean {
  const { accepted, encrypted, pinned, indexed: inIndex, settled, exported, dlq, duplicates } = report;
  const full = [accepted, encrypted, pinned, inIndex, settled, exported].every((count) => count === events);
  return full && dlq === 0 && duplicates === 0;
}

async function until(done: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await done()) && performance.now() < deadline) await wait(LOOK_EVERY_MS);
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0);
