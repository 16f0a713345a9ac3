import type { Pinned } from '../../../schemas/index.ts';
import type { Accepted, FlushLimits } from '../../../services/pipeline/accepted.ts';
import { FatalError, RetriableError } from '../../../services/pipeline/errors.ts';
import { EVENTS, type Signals } from '../../../services/pipeline/events.ts';
import { startsOf } from '../../../services/pipeline/exports/start.ts';
import { NO_FAULTS } from '../../../services/pipeline/faults.ts';
import { processHost } from '../../../services/pipeline/host/main.ts';
import type { LanePositions, Pace } from '../../../services/pipeline/lane.ts';
import type { Codec } from '../../../services/pipeline/ports/codec.ts';
import type {
  GroupConsumer,
  LogHistory,
  LogLookup,
  LogPlaces,
  PartitionInput,
} from '../../../services/pipeline/ports/log.ts';
import { type Position, type Positions, START } from '../../../services/pipeline/ports/positions.ts';
import { type ReaderPlan, runReader } from '../../../services/pipeline/reader.ts';
import { ALL_RULES } from '../../../services/pipeline/rules/rules.ts';
import type { JoinOptions, LogMember, LogPosition } from '../consume/pinned-log.ts';
import { loggedBatches } from './logged-batches.ts';
import { noteOf, positionIn } from './note.ts';

/** What is handed over at once: as much as one question to the service takes. */
const LIMITS: FlushLimits = { maxRecords: 200, maxBytes: 4 * 1024 * 1024, lingerMs: 50 };
/** What whoever consumes should hear of; the rest is what a reader does all day. */
const TOLD: ReadonlySet<string> = new Set(['retry', 'gap', 'behind', 'crash', 'fatal', 'trimmed', 'seek-back']);

export interface MemberEdges extends JoinOptions {
  readonly consumer: GroupConsumer;
  readonly codec: Pick<Codec<Pinned>, 'decode'>;
  readonly lookup: LogHistory & LogPlaces & LogLookup;
  /** Full names of the topics. */
  readonly topics: { readonly received: string; readonly pinned: string };
  readonly partitions: number;
  /** Hex: of which log offsets are. */
  readonly logId: string;
  readonly pace?: Pace;
}

/** The reader of the corridor as a member of a group that keeps the positions: the read rule is the one that exports follow. */
export function pinnedMember(edges: MemberEdges): LogMember {
  const { consumer, codec, lookup, topics, logId, group, onTrouble } = edges;
  const { clock, random } = processHost;
  let starts: Promise<Position[]> | null = null;
  let fail: (error: unknown) => void = () => undefined;

  const positions = positionsOf(edges);
  const signals: Signals = {
    emit(name, { error }) {
      // Nobody watches this process as an operator watches a room: where a room would wait for one, this ends.
      if (name === 'trimmed') fail(error);
      if (TOLD.has(name)) onTrouble({ code: name, message: EVENTS[name].message, error });
    },
    gauge: () => undefined,
  };

  /** What the group keeps, or where it begins; that is kept at once, so that every member begins at the same place. */
  async function whereIn(partition: number): Promise<LogPosition> {
    const kept = (await consumer.kept()).get(partition);
    if (kept) return positionIn(kept, { group, logId });
    starts ??= startsOf(
      {
        log: lookup,
        pinned: topics.pinned,
        partitions: edges.partitions,
        positions,
        index: { checkpoints: async (one) => [...(await partitionOf(edges, one)).checkpoints] },
      },
      edges.from,
    );
    starts.catch(() => {
      starts = null;
    });
    const start = (await starts)[partition] ?? START;
    await consumer.keep(new Map([[partition, noteOf(start, logId)]]));
    return start;
  }

  function planFor(input: PartitionInput, take: Parameters<LogMember['run']>[0]): ReaderPlan<Pinned> {
    /** Handed over. The group keeps less until the caller is through with it. */
    let reached: LogPosition | null = null;
    return {
      stage: `export-${group}`,
      received: topics.received,
      codec,
      onBehind: 'alarm',
      async load(partition) {
        const kept = await whereIn(partition);
        // Further than this member: another one had the partition meanwhile.
        if (!reached || kept.next > reached.next) reached = kept;
        return reached;
      },
      async apply(partition, from, to, accepted: readonly Accepted<Pinned>[]) {
        // Of the first batch a part may be done.
        const stretch = { batches: loggedBatches(accepted), from: reached ?? from, to };
        await take({ partition, revoked: input.revoked }, stretch);
        reached = to;
        return true;
      },
    };
  }

  return {
    async run(take) {
      for (const kept of (await consumer.kept()).values()) positionIn(kept, { group, logId });
      const failed = new Promise<never>((_, reject) => {
        fail = reject;
      });
      // Looked at below, or nobody is there to hear of it.
      failed.catch(() => undefined);
      const pace = edges.pace ? { pace: edges.pace } : {};
      const lanes = { positions, lookup, clock, random, signals, rules: ALL_RULES, faults: NO_FAULTS, ...pace };
      await Promise.race([consumer.run((input) => runReader(planFor(input, take), LIMITS, lanes, input)), failed]);
    },
    commit: (moved) =>
      consumer.keep(new Map([...moved].map(([partition, position]) => [partition, noteOf(position, logId)]))),
    close: () => consumer.stop(),
  };
}

async function partitionOf({ positions }: Pick<MemberEdges, 'positions'>, partition: number) {
  try {
    const found = (await positions()).partitions.find((one) => one.partition === partition);
    if (!found) throw new FatalError('another_log', `the service does not know partition ${partition} of this log`);
    return found;
  } catch (error) {
    if (error instanceof FatalError) throw error;
    throw new RetriableError('service_away', 'the service does not say how far it is', { cause: error });
  }
}

/** The rows as the service shows them. Crashes are nobody's to count here: this ends, and begins again where the group is. */
const positionsOf = (edges: Pick<MemberEdges, 'positions'>): LanePositions & Pick<Positions, 'load'> => ({
  async load(stage, partition) {
    const { stages } = await partitionOf(edges, partition);
    return stages[stage as 'indexer'];
  },
  repair: async () => false,
  crashes: async () => 0,
  parked: async () => false,
  countCrash: async () => 1,
});
