import type { Topic } from '../../../topics/define-topic.ts';
import type { Codecs } from '../../pipeline/ports/codec.ts';
import type { LogWriter } from '../../pipeline/ports/log.ts';

/** Sends to a topic of removals, which has one partition; keyed like everything by the wallet or, where none is named, by the request. */
export async function removalLog<T extends { id: Uint8Array; wallet?: Uint8Array }>(
  codecs: Codecs,
  writer: Pick<LogWriter, 'send'>,
  topic: Topic<T>,
): Promise<(those: T | readonly T[]) => Promise<void>> {
  const records = await codecs.for(topic);
  return async (those) => {
    const all = [those].flat() as readonly T[];
    // Nobody had to report: there is no export, or each had before.
    if (all.length === 0) return;
    const sent = all.map((one) => ({ key: one.wallet ?? one.id, value: records.encode(one), headers: {} }));
    await writer.send(topic.name, 0, sent);
  };
}
