import { randomBytes } from 'node:crypto';
import { parseKeks } from '../../connectors/kms/kek-list.ts';
import { createMemoryRemovedEvents } from '../../connectors/vault/memory-removed-events.ts';
import { createMemoryRequests } from '../../connectors/vault/memory-requests.ts';
import { memoryKeyTables } from '../../connectors/vault/memory-tables.ts';
import { removedEventsContract } from './removed-events.ts';

removedEventsContract('memory', async () => {
  const tables = memoryKeyTables();
  const keks = parseKeks(`1 ${'11'.repeat(32)}`);
  const random = { bytes: (length: number) => new Uint8Array(randomBytes(length)) };
  return {
    requests: createMemoryRequests(tables, keks, random),
    removedEvents: createMemoryRemovedEvents(tables),
  };
});
