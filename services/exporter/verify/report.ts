/** A row that must not be there. */
export interface Finding {
  readonly table: string;
  /** As the sink names it. */
  readonly place: string;
  /** Hex. */
  readonly wallet: string;
  readonly batchId: string;
  readonly slot: number;
  readonly eventId: string;
  /** What should have taken it away, and the id of that signed request, hex. */
  readonly by: 'erasure' | 'removal';
  readonly request: string;
  /** When the export reported that this was applied, milliseconds since the epoch; null: it has not yet. */
  readonly reportedAt: number | null;
}

/** What was read back of one table. */
export interface TableCounts {
  readonly table: string;
  /** Rows that were read. */
  readonly rows: number;
  /** Those of the wallet, or the event, that was asked about; all where everything was. */
  readonly asked: number;
  /** Rows that an erasure or removal reaches which the export has reported as applied. */
  readonly found: number;
  /** Rows that one reaches which the export has not reported yet. */
  readonly waiting: number;
  /** Deleted rows that the target has not wiped from its disks yet. */
  readonly leaving: number;
}

/**
 * `clean`: nothing is there that must not be. `found`: something is. `late`: an order that is older than a minute is not applied yet, and rows
 * of it are there, or, where the target cannot be read back, it was not reported. `told`: that cannot be, and all was reported. `unread`: it could
 * not be read now.
 */
export type VerifyOutcome = 'clean' | 'found' | 'late' | 'told' | 'unread';

/** What verifying one export came to. */
export interface ErasureCheck {
  readonly name: string;
  /** Hex. */
  readonly app: string;
  readonly sink: string;
  readonly outcome: VerifyOutcome;
  /** Erasures and removals that were asked about, and how many of them the export has reported. */
  readonly orders: { readonly erasures: number; readonly removals: number; readonly reported: number };
  /** When the export reported the last of them, milliseconds since the epoch; null: none. */
  readonly lastReportedAt: number | null;
  readonly tables: readonly TableCounts[];
  /** The first of them. */
  readonly findings: readonly Finding[];
  /** Why it could not be checked; null where it was. */
  readonly reason: string | null;
}
