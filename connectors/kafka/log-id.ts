import type { LogId } from '../../schemas/index.ts';
import { FatalError } from '../../services/pipeline/errors.ts';
import type { Codec } from '../../services/pipeline/ports/codec.ts';
import type { LogLookup } from '../../services/pipeline/ports/log.ts';

/**
 * The id of the log: the one record of topic `ddc.log`.
 * @param topic its full name, prefix included
 * @returns 16 bytes
 * @throws FatalError `no_log` when the topics were never applied; RetriableError when Kafka does not answer
 */
export async function readLogId(
  lookup: Pick<LogLookup, 'readAt' | 'endOffset'>,
  codec: Codec<LogId>,
  topic: string,
): Promise<Uint8Array> {
  if ((await lookup.endOffset(topic, 0)) === 0) {
    throw new FatalError('no_log', `Topic ${topic} has no record: run \`ddc topics apply\` first.`);
  }
  return codec.decode((await lookup.readAt(topic, 0, 0)).value).id;
}
