import type { RecordMetadata } from 'kafkajs';
import { RetriableError } from '../../services/pipeline/errors.ts';

/**
 * The offset of the first record of a send, if the answer really acknowledges it.
 * kafkajs resolves `send` also when a partition got lost on the way (its leader moved between two attempts): then the answer
 * does not list it. So only an answer that names this partition, without an error and with an offset, counts.
 * @throws RetriableError `send_unacknowledged`
 */
export function acknowledgedOffset(answer: readonly RecordMetadata[], topic: string, partition: number): number {
  const matching = answer.filter((entry) => entry.topicName === topic && entry.partition === partition);
  const [entry] = matching;
  const offset = entry?.baseOffset === undefined ? Number.NaN : Number(entry.baseOffset);
  if (matching.length === 1 && entry?.errorCode === 0 && Number.isSafeInteger(offset) && offset >= 0) return offset;
  const said = entry ? `error ${entry.errorCode}, offset ${entry.baseOffset}` : 'nothing';
  throw new RetriableError('send_unacknowledged', `Kafka's answer says ${said} of ${topic}/${partition}; send again`);
}
