import type { CrashesTable, ParkedTable, PositionsTable } from './migrations/001-positions.ts';
import type { BatchIdsTable, RemovalsTable } from './migrations/002-batch-ids.ts';
import type { AppsTable } from './migrations/003-apps.ts';
import type { UserRootsTable } from './migrations/010-vault.ts';
import type { ClustersTable, PinsTable } from './migrations/011-pins.ts';
import type { BatchesTable, CheckpointsTable, SubjectsTable, VoidsTable } from './migrations/020-index.ts';
import type { LeavesTable, OutboxChargesTable, OutboxTable, RoundsTable } from './migrations/030-settlement.ts';
import type { KeyAccessesTable, RequestsTable } from './migrations/040-requests.ts';
import type { ExportsTable, RemovalReceiptsTable, RemovalReportsTable } from './migrations/050-erasing.ts';
import type { KeksTable } from './migrations/060-keks.ts';
import type { RemovalLogTable } from './migrations/070-removal-log.ts';
import type { TokenRevocationsTable } from './migrations/110-token-revocations.ts';
import type { RemovedEventsTable, RemovedRangesTable, RemovedSessionsTable } from './migrations/120-removed-events.ts';
import type { BlobReferencesTable, BlobsTable } from './migrations/130-blobs.ts';

/** Every table, by name. Each interface lives beside the migration that makes its table. */
export interface Tables {
  positions: PositionsTable;
  crashes: CrashesTable;
  parked: ParkedTable;
  batch_ids: BatchIdsTable;
  removals: RemovalsTable;
  apps: AppsTable;
  user_roots: UserRootsTable;
  clusters: ClustersTable;
  pins: PinsTable;
  batches: BatchesTable;
  voids: VoidsTable;
  subjects: SubjectsTable;
  checkpoints: CheckpointsTable;
  leaves: LeavesTable;
  rounds: RoundsTable;
  outbox: OutboxTable;
  outbox_charges: OutboxChargesTable;
  requests: RequestsTable;
  key_accesses: KeyAccessesTable;
  removal_receipts: RemovalReceiptsTable;
  exports: ExportsTable;
  removal_reports: RemovalReportsTable;
  keks: KeksTable;
  removal_log: RemovalLogTable;
  token_revocations: TokenRevocationsTable;
  removed_events: RemovedEventsTable;
  removed_sessions: RemovedSessionsTable;
  removed_ranges: RemovedRangesTable;
  blobs: BlobsTable;
  blob_references: BlobReferencesTable;
}
