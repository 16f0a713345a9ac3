import type { FlushLimits } from './accepted.ts';
import type { Signals } from './events.ts';
import type { LogConsumer, PartitionInput } from './ports/log.ts';
import { type ReaderEdges, type ReaderPlan, runReader } from './reader.ts';
import { runStage, type StageEdges, type StagePlan } from './stage.ts';
import type { Head } from './void.ts';

/** A consumer group member that runs one lane per assigned partition. */
export interface Worker {
  /** Asks every lane to finish what it has in hand, and leaves the group. */
  close(): Promise<void>;
  /** At work: it did not fail and is not stopping. */
  ready(): boolean;
}

interface Fatal {
  /** Told of whatever a lane throws. */
  onFatal(error: unknown): void;
}

/** Runs a stage on the partitions that the consumer gets. */
export function startStage<I extends Head, O>(
  consumer: LogConsumer,
  plan: StagePlan<I, O>,
  limits: FlushLimits,
  edges: StageEdges & Fatal,
): Worker {
  return startWorker(consumer, (input) => runStage(plan, limits, edges, input), edges);
}

/** Runs a reader on the partitions that the consumer gets. */
export function startReader<I>(
  consumer: LogConsumer,
  plan: ReaderPlan<I>,
  limits: FlushLimits,
  edges: ReaderEdges & Fatal,
): Worker {
  return startWorker(consumer, (input) => runReader(plan, limits, edges, input), edges);
}

/**
 * Runs `lane` for each assigned partition. Lanes are independent: one that waits or is paused does not hold the others.
 * @param lane returns when its partition is revoked; whatever it throws ends the process
 */
export function startWorker(
  consumer: LogConsumer,
  lane: (input: PartitionInput) => Promise<void>,
  edges: { readonly signals: Signals } & Fatal,
): Worker {
  const { signals, onFatal } = edges;
  let working = true;
  const done = consumer
    .run(async (input) => {
      const { partition } = input;
      signals.emit('assigned', { partition });
      try {
        await lane(input);
      } finally {
        signals.emit('revoked', { partition });
        signals.gauge('inHand', partition, 0);
      }
    })
    .catch((error) => {
      working = false;
      onFatal(error);
    });
  return {
    async close() {
      working = false;
      await consumer.stop();
      await done;
    },
    ready: () => working,
  };
}
