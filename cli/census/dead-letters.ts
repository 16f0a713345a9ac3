import { toHex } from '../../protocol/index.ts';
import type { DeadLetter } from '../../schemas/index.ts';
import type { Codec } from '../../services/pipeline/ports/codec.ts';
import { batchesDead } from '../../topics/batches-dead.ts';
import type { Stores } from './stores.ts';

const topicOf = ({ deployment }: Stores): string => `${deployment.topicPrefix}${batchesDead.name}`;

/** End offsets of the dead letters now, by partition: where a run begins. */
export async function deadLetterEnds(stores: Stores): Promise<number[]> {
  const partitions = Array.from({ length: stores.deployment.partitions }, (_, partition) => partition);
  return Promise.all(partitions.map((partition) => stores.kafka.endOffset(topicOf(stores), partition)));
}

/** How many dead letters since `from` belong to these batches. */
export async function countDeadLetters(
  stores: Stores,
  codec: Codec<DeadLetter>,
  from: readonly number[],
  batchIds: ReadonlySet<string>,
): Promise<number> {
  const ends = await deadLetterEnds(stores);
  let count = 0;
  for (const [partition, end] of ends.entries()) {
    for (let offset = from[partition] ?? 0; offset < end; offset++) {
      const { value } = await stores.kafka.readAt(topicOf(stores), partition, offset);
      if (batchIds.has(toHex(codec.decode(value).batchId))) count += 1;
    }
  }
  return count;
}
