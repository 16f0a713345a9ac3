import { deadLetters, parkRecord, RefusedError, retryDeadLetter } from '../../cli/dlq.ts';
import { repairPartition } from '../../cli/repair.ts';
import { RetriableError } from '../../services/pipeline/errors.ts';
import { edgesFor } from './edges.ts';
import type { Instance } from './scheduler.ts';
import { APP, batchIdOf, batchOf, TOPICS, type World } from './world.ts';

const head = (batch: number) => ({
  batchId: batchIdOf(batch),
  app: APP,
  wallet: Uint8Array.of(batch % 2),
  rootVersion: 1,
});

/** A client's batch through the API. A 2xx that is a lie counts as acknowledged: the client notices it by the status. */
export async function sendBatch(world: World, instance: Instance, batch: number): Promise<void> {
  const value = world.codecs.received.encode({
    ...head(batch),
    receivedAt: 0,
    format: 'ndjson',
    sealed: new Uint8Array(0),
  });
  try {
    await edgesFor(world, instance).writer.send(TOPICS.received, 0, [{ key: Uint8Array.of(batch % 2), value }]);
    world.acknowledged.add(batch);
  } catch (error) {
    if (!(error instanceof RetriableError)) throw error;
  }
}

/** Whether the client may forget the batch: its status is `encrypted` or later, or an outcome. */
export async function isKnown(world: World, batch: number): Promise<boolean> {
  const [first] = await world.admission.origins([head(batch).batchId]);
  return first !== null || world.index.some((entry) => entry.batch === batch);
}

/** `ddc dlq park` for every paused place. */
export async function parkAll(world: World, instance: Instance): Promise<void> {
  for (const stage of ['encryptor', 'pinner'] as const) {
    await attempt(() => parkRecord(edgesFor(world, instance).positions, stage, 0));
  }
}

/** `ddc repair`, at any moment: also where nothing is missing, which costs a gap and an emission, and must cost no more. */
export async function repairNow(world: World, instance: Instance): Promise<void> {
  world.truthful = false;
  await attempt(() => repairPartition(edgesFor(world, instance).positions, 0));
}

/** `ddc dlq retry` for each dead letter that chance picks. */
export async function retrySome(world: World, instance: Instance, probability: number): Promise<void> {
  const { writer, positions, lookup } = edgesFor(world, instance);
  const ports = {
    lookup,
    writer,
    positions,
    topics: TOPICS,
    codecs: world.codecs,
    admission: world.admission,
    index: world.indexStore,
  };
  const letters: { origin: number; batch: number }[] = [];
  for await (const { letter } of deadLetters(ports, 0)) letters.push({ origin: letter.origin, batch: batchOf(letter) });
  for (const { origin, batch } of letters) {
    if (!world.chances.happens(probability)) continue;
    const before = world.lies;
    // A retry that was on its way before the flaw was mended may lawfully die of it.
    const mended = world.mended;
    const sent = await attempt(() => retryDeadLetter(ports, 0, origin));
    if (sent && mended && world.lies === before) world.retried.add(batch);
  }
}

async function attempt(command: () => Promise<unknown>): Promise<boolean> {
  try {
    await command();
    return true;
  } catch (error) {
    if (error instanceof RefusedError || error instanceof RetriableError) return false;
    throw error;
  }
}
