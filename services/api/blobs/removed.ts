import type { Blobs, KeptReference, NamedBlob } from '../../pipeline/ports/blobs.ts';
import type { RemovedEvents } from '../../pipeline/ports/removed-events.ts';

const PAGE = 200;

export interface RemovedBlobsDeps {
  readonly blobs: Pick<Blobs, 'references'>;
  readonly removedEvents: Pick<RemovedEvents, 'of'>;
}

/** Whether every event that names a blob was removed; one that nothing names yet was not. */
export function createRemovedBlobs({ blobs, removedEvents }: RemovedBlobsDeps) {
  return async ({ id, app, wallet }: Pick<NamedBlob, 'id' | 'app' | 'wallet'>): Promise<boolean> => {
    let last: KeptReference | undefined;
    for (;;) {
      const page = await blobs.references(id, PAGE, last);
      const removed = await removedEvents.of(
        page.map(({ eventId, time, session, issuedAt }) => ({ app, wallet, id: eventId, time, session, issuedAt })),
      );
      if (removed.includes(null)) return false;
      if (page.length < PAGE) return page.length > 0 || last !== undefined;
      last = page.at(-1);
    }
  };
}

/** Looks at a page of named blobs each time, round and round, and gives up those whose every event was removed. */
export function createBlobRounds(
  blobs: Pick<Blobs, 'named' | 'remove'>,
  isRemoved: ReturnType<typeof createRemovedBlobs>,
) {
  let after: Uint8Array | undefined;
  return async (signal: AbortSignal): Promise<void> => {
    const page = await blobs.named(PAGE, after);
    for (const blob of page) {
      if (signal.aborted) return;
      if (await isRemoved(blob)) await blobs.remove(blob.id, blob.refs);
    }
    after = page.length === PAGE ? page.at(-1)?.id : undefined;
  };
}
