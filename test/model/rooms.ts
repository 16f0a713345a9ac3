import type { Encrypted, Received } from '../../schemas/index.ts';
import type { Accepted } from '../../services/pipeline/accepted.ts';
import { dlq, drop, type Outcome, ok } from '../../services/pipeline/outcome.ts';
import type { IndexEntry } from '../../services/pipeline/ports/index-store.ts';
import type { Leaf } from '../../services/pipeline/ports/settlement-store.ts';
import { runReader } from '../../services/pipeline/reader.ts';
import { runStage, type StagePlan } from '../../services/pipeline/stage.ts';
import { voidOf } from '../../services/pipeline/void.ts';
import { edgesFor, happen, inputFor } from './edges.ts';
import type { Instance } from './scheduler.ts';
import { batchOf, type Judged, TOPICS, type World } from './world.ts';

const STAGES = ['encryptor', 'pinner'] as const;
const READERS = ['indexer', 'settler'] as const;
export const ROOMS = [...STAGES, ...READERS] as const;
export type Room = (typeof ROOMS)[number];

const LIMITS = { maxRecords: 3, maxBytes: 1_000, lingerMs: 0 };

/** A bug that one batch triggers. */
class Bug extends Error {}

function live(record: Received | Encrypted): Encrypted {
  return { ...voidOf(record, 'dead'), reason: null };
}

function judgeFlaw(world: World, room: 'encryptor' | 'pinner', record: Received | Encrypted): Outcome<Encrypted> {
  const flaw = world.flawOf(batchOf(record));
  if (flaw === `${room} crashes`) throw new Bug(flaw);
  return flaw === `${room} refuses` ? dlq('flawed', flaw) : ok(live(record));
}

/** The encryptor's step: one admission transaction for the flush, then each record. */
async function encrypt(
  world: World,
  instance: Instance,
  accepted: readonly Accepted<Received>[],
): Promise<Outcome<Encrypted>[]> {
  const verdicts = await happen(world, instance, () =>
    world.admission.admit(
      0,
      accepted.map(({ origin, retryOf, value }) => {
        const { batchId, app, wallet, rootVersion } = value;
        return { batchId, app, wallet, rootVersion, origin, retryOf, issuedAt: null };
      }),
    ),
  );
  return accepted.map(({ value }, i) => {
    const reason = verdicts[i] === 'duplicate' && !world.rules.duplicates ? null : verdicts[i];
    return reason ? drop(reason) : judgeFlaw(world, 'encryptor', value);
  });
}

async function pin(
  world: World,
  instance: Instance,
  accepted: readonly Accepted<Encrypted>[],
): Promise<Outcome<Encrypted>[]> {
  await happen(world, instance, () => undefined);
  return accepted.map(({ value }) => judgeFlaw(world, 'pinner', value));
}

function stagePlan<I extends Received | Encrypted>(
  world: World,
  stage: 'encryptor' | 'pinner',
  input: StagePlan<I, Encrypted>['codecs']['input'],
  transform: StagePlan<I, Encrypted>['transform'],
): StagePlan<I, Encrypted> {
  const { received, encrypted, pinned, dead } = world.codecs;
  const first = stage === 'encryptor';
  return {
    stage,
    topics: {
      received: TOPICS.received,
      input: first ? TOPICS.received : TOPICS.encrypted,
      output: first ? TOPICS.encrypted : TOPICS.pinned,
      dead: TOPICS.dead,
    },
    codecs: { received, input, output: first ? encrypted : pinned, dead },
    transform,
  };
}

const judged = ({ origin, value }: Accepted<Encrypted>): Judged => ({
  origin,
  batch: batchOf(value),
  reason: value.reason,
});

/** What the index keeps of a live batch; the model is not about its content. */
const BODY: NonNullable<IndexEntry['body']> = {
  subject: Uint8Array.of(1),
  epoch: 0,
  mode: 'service',
  summary: {
    count: 1,
    types: [],
    idMin: '',
    idMax: '',
    timeMin: 0,
    timeMax: 0,
    source: Uint8Array.of(1),
    seq: 0,
    signer: 'wallet',
    issuedAt: 0,
  },
  cluster: '',
  segment: Uint8Array.of(1),
  slot: 0,
  hash: Uint8Array.of(1),
  bytes: 1,
};

function entryOf({ origin, value }: Accepted<Encrypted>): IndexEntry {
  const { batchId, app, wallet, rootVersion, reason } = value;
  const head = { origin, batchId, app, wallet, rootVersion, source: null, seq: null, reason };
  return { ...head, body: reason === null ? BODY : null };
}

function leafOf({ origin, value }: Accepted<Encrypted>): Leaf[] {
  if (value.reason !== null) return [];
  const { batchId, app } = value;
  return [{ batchId, app, partition: 0, origin, hash: BODY.hash, count: 1, bytes: 1, fee: 1n, seenAt: 0 }];
}

/** Runs one instance of a room until it is killed, revoked or meets a bug. */
export async function runRoom(world: World, instance: Instance, room: Room): Promise<void> {
  const edges = edgesFor(world, instance);
  if (room === 'encryptor') {
    const plan = stagePlan<Received>(world, room, world.codecs.received, (accepted) =>
      encrypt(world, instance, accepted),
    );
    return runStage(plan, LIMITS, edges, inputFor(world, instance, TOPICS.received));
  }
  if (room === 'pinner') {
    const plan = stagePlan<Encrypted>(world, room, world.codecs.encrypted, (accepted) =>
      pin(world, instance, accepted),
    );
    return runStage(plan, LIMITS, edges, inputFor(world, instance, TOPICS.encrypted));
  }
  const kept = room === 'indexer' ? world.index : world.leaves;
  return runReader<Encrypted>(
    {
      stage: room,
      received: TOPICS.received,
      codec: world.codecs.pinned,
      onBehind: room === 'indexer' ? 'repair' : 'alarm',
      load: (partition) => edges.positions.load(room, partition),
      async apply(partition, from, to, accepted) {
        const applied = await happen(world, instance, async () => {
          const done =
            room === 'indexer'
              ? await world.indexStore.apply(partition, from, to, accepted.map(entryOf))
              : await world.settlementStore.apply(partition, from, to, accepted.flatMap(leafOf));
          if (done) kept.push(...accepted.map(judged));
          return done;
        });
        return world.rules.judgeOnce ? applied : edges.positions.compareAndSet(room, partition, from, to);
      },
    },
    LIMITS,
    edges,
    inputFor(world, instance, TOPICS.pinned),
  );
}
