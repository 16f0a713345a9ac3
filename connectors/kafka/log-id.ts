import type { LogId } from '../../schemas/log-id.ts';
import { FatalError } from '../../services/pipeline/errors.ts';
import type { Codec } from '../../services/pipeline/ports/codec.ts';
import type { LogLookup, LogWriter } from '../../services/pipeline/ports/log.ts';

/**
 * Which log the offsets of the batch topics belong to: the first record of `ddc.log`.
 * @param topic full name of that topic
 * @returns 16 bytes
 * @throws FatalError `no_log` where `ddc topics apply` has not run
 */
export async function readLogId(
  lookup: LogLookup,
  codec: Pick<Codec<LogId>, 'decode'>,
  topic: string,
): Promise<Uint8Array> {
  if ((await lookup.endOffset(topic, 0)) === 0) {
    throw new FatalError('no_log', `${topic} is empty: run \`ddc topics apply\` before starting any room`);
  }
  return codec.decode((await lookup.readAt(topic, 0, 0)).value).id;
}

/** Writes the id of a new log. Two that do so at once agree afterwards: the first record counts. */
export async function writeLogId(writer: LogWriter, codec: Codec<LogId>, topic: string, id: Uint8Array): Promise<void> {
  await writer.send(topic, 0, [{ key: new Uint8Array(0), value: codec.encode({ id }) }]);
}
