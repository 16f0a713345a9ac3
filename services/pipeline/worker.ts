import type { Signals } from './events.ts';
import type { LogConsumer, PartitionInput } from './ports/log.ts';

/** A consumer group member that runs one lane per assigned partition. */
export interface Worker {
  /** Asks every lane to finish what it has in hand, and leaves the group. */
  close(): Promise<void>;
  /** At work: it did not fail and is not stopping. */
  ready(): boolean;
}

/**
 * Runs `lane` for each assigned partition. Lanes are independent: one that waits or is paused does not hold the others.
 * @param lane returns when its partition is revoked; whatever it throws ends the process
 */
export function startWorker(
  consumer: LogConsumer,
  lane: (input: PartitionInput) => Promise<void>,
  edges: { readonly signals: Signals; onFatal(error: unknown): void },
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
