import { randomBytes } from 'node:crypto';
import { parseKeks } from '../../connectors/kms/kek-list.ts';
import { createMemoryClusters } from '../../connectors/postgres/memory-clusters.ts';
import { createMemoryConsents } from '../../connectors/vault/memory-consents.ts';
import { createMemoryRemovalHistory } from '../../connectors/vault/memory-removal-history.ts';
import { createMemoryRemovals } from '../../connectors/vault/memory-removals.ts';
import { createMemoryRequests } from '../../connectors/vault/memory-requests.ts';
import { memoryKeyTables } from '../../connectors/vault/memory-tables.ts';
import { createMemoryTokenRevocations } from '../../connectors/vault/memory-token-revocations.ts';
import { createMemoryVault } from '../../connectors/vault/memory-vault.ts';
import { requestsContract } from './requests.ts';

requestsContract('memory', async () => {
  const tables = memoryKeyTables();
  const keks = parseKeks(`1 ${'11'.repeat(32)}`);
  const random = { bytes: (length: number) => new Uint8Array(randomBytes(length)) };
  const clock = { now: () => Date.now() };
  const rooms = () => ({ indexer: true, pinner: true, swept: true, exports: [] });
  return {
    revocations: createMemoryTokenRevocations(tables),
    requests: createMemoryRequests(tables, keks, random),
    consents: createMemoryConsents(tables),
    clusters: createMemoryClusters(tables.clusters),
    removals: createMemoryRemovals(tables, rooms),
    history: createMemoryRemovalHistory(tables),
    vault: () => createMemoryVault({ keks, random, clock, calendar: clock }, tables),
  };
});
