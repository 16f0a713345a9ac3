import type { RemovedEvents } from '../../pipeline/ports/removed-events.ts';
import type { Owner } from '../../pipeline/ports/vault.ts';
import type { DisclosedEvent, LiveBatch } from './disclosed-events.ts';

/**
 * Which of these events are not removed, asked now: one flag each. Of a batch that only its owner can open it can be said of all its
 * events or of none.
 * @param batches those of the events, by id in hex
 */
export async function stillThere(
  removed: RemovedEvents,
  owner: Owner,
  events: readonly DisclosedEvent[],
  batches: ReadonlyMap<string, LiveBatch>,
): Promise<boolean[]> {
  const opened = events.flatMap(({ disclosure }) => {
    if (!disclosure) return [];
    const { header, event } = disclosure;
    const { id, session = null } = event;
    return [{ ...owner, id, time: Date.parse(event.time), session, issuedAt: header.issuedAt }];
  });
  const closed = new Set(events.flatMap(({ disclosure, batchId }) => (disclosure ? [] : [batchId])));
  const sealed = [...closed].map((id) => ({ ...owner, ...(batches.get(id) as LiveBatch).body.summary }));
  const [ofEvents, ofBatches] = await Promise.all([removed.of(opened), removed.ofSealed(sealed)]);
  const gone = new Set([...closed].filter((_, i) => ofBatches[i] !== null));
  let next = 0;
  return events.map(({ disclosure, batchId }) => {
    if (!disclosure) return !gone.has(batchId);
    next += 1;
    return ofEvents[next - 1] === null;
  });
}
