import type { FetchedMessage, FetchedPartition } from './cluster.ts';

/**
 * The records of a fetch that were committed or written without a transaction. A broker lists the aborted transactions that reach into what
 * it sends, in the order in which they ended; each is open from its first offset to its producer's next abort marker. kafkajs's own filter
 * takes them in one at a time and in the order given, and so lets records of the second through when two are open where a fetch begins.
 */
export function committedOf({
  messages,
  abortedTransactions,
}: Pick<FetchedPartition, 'messages' | 'abortedTransactions'>): FetchedMessage[] {
  const waiting = abortedTransactions
    .map(({ producerId, firstOffset }) => ({ producerId, first: Number(firstOffset) }))
    .sort((a, b) => a.first - b.first);
  const aborted = new Set<string>();
  return messages.filter((message) => {
    while (waiting[0] && waiting[0].first <= Number(message.offset)) aborted.add(waiting.shift()?.producerId ?? '');
    const { producerId, inTransaction } = message.batchContext;
    if (!message.isControlRecord) return !(inTransaction && aborted.has(producerId));
    if (isAbort(message)) aborted.delete(producerId);
    return false;
  });
}

/** Key of a control record: i16 version ‖ i16 type, of which 0 is an abort. */
const isAbort = ({ key }: FetchedMessage): boolean => key !== null && key.length >= 4 && key.readInt16BE(2) === 0;
