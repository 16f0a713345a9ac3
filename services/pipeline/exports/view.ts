import { toHex } from '../../../protocol/index.ts';
import type {
  DeclaredExport,
  ExportNote,
  ExportStatus,
  Exports,
  ExportTrouble,
  PartitionStatus,
} from '../ports/exports.ts';
import type { LogLookup, LogPlaces } from '../ports/log.ts';
import { type Position, START } from '../ports/positions.ts';

/** How far behind: batches that the log has accepted and the export has not taken, and how long the oldest of them has waited. */
export interface Lag {
  readonly batches: number;
  /** null: longer than the log keeps them. */
  readonly seconds: number | null;
}

/** One word for the whole. `failing`: something keeps it from delivering, see `lastError`. `waiting`: no supervisor has begun with it. */
export type Health = 'running' | 'behind' | 'failing' | 'paused' | 'ending' | 'waiting' | 'stopped';

export interface PartitionView {
  readonly partition: number;
  readonly position: Position;
  readonly rows: number;
  readonly lag: Lag;
  /** When its process said so; null: never. */
  readonly at: number | null;
  readonly lastError: ExportTrouble | null;
}

/** An export as whoever may see it sees it: secrets are names in it. */
export interface ExportView {
  readonly name: string;
  /** Hex. */
  readonly app: string;
  readonly types: readonly string[] | null;
  readonly scopes: readonly string[];
  readonly sink: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly schema: 'typed' | 'text';
  readonly from: 'beginning' | 'now' | number;
  readonly by: string;
  readonly createdAt: number;
  readonly state: DeclaredExport['state'];
  readonly health: Health;
  readonly rows: number;
  readonly lag: Lag;
  readonly lastError: ExportTrouble | null;
  /** What happened and keeps nothing from going on, such as rows that do not fit their schema. */
  readonly notes: readonly ExportNote[];
  /** Of its process, as the supervisor says; null: none has seen it. */
  readonly process: { readonly state: 'up' | 'waiting' | 'down'; readonly starts: number; readonly at: number } | null;
  readonly partitions: readonly PartitionView[];
}

export interface ViewEdges {
  readonly exports: Pick<Exports, 'status'>;
  readonly log: Pick<LogLookup, 'endOffset'> & Pick<LogPlaces, 'appendedAt'>;
  /** Full name of `received`, in whose offsets positions are counted. */
  readonly received: string;
  readonly partitions: number;
  readonly now: () => number;
}

/** Behind is who has let something wait for so long. Seconds. */
const BEHIND = 60;
/** What no partition told is tried again every 30 s at least: if it was not told for so long it is over. Milliseconds. */
const OVER_MS = 90_000;

/** What these exports are, and how far. */
export async function viewExports(edges: ViewEdges, declared: readonly DeclaredExport[]): Promise<ExportView[]> {
  if (declared.length === 0) return [];
  const all = Array.from({ length: edges.partitions }, (_, partition) => partition);
  const [statuses, ends] = await Promise.all([
    edges.exports.status(declared.map(({ id }) => id)),
    Promise.all(all.map((partition) => edges.log.endOffset(edges.received, partition))),
  ]);
  return Promise.all(
    declared.map(async (one, i) => {
      const status: ExportStatus = statuses[i] ?? { partitions: [], notes: [], run: null };
      const partitions = await Promise.all(
        all.map((partition) => partitionView(edges, one, status, partition, ends[partition] ?? 0)),
      );
      return exportView(one, status, partitions, edges.now());
    }),
  );
}

async function partitionView(
  { log, received, now }: ViewEdges,
  { starts }: DeclaredExport,
  { partitions }: ExportStatus,
  partition: number,
  end: number,
): Promise<PartitionView> {
  const known: Pick<PartitionStatus, 'position' | 'rows' | 'trouble'> & { at: number | null } = partitions.find(
    (one) => one.partition === partition,
  ) ?? { position: starts[partition] ?? START, rows: 0, at: null, trouble: null };
  const { position, rows, at, trouble } = known;
  const batches = Math.max(0, end - position.mark - 1);
  const oldest = batches === 0 ? now() : await log.appendedAt(received, partition, position.mark + 1);
  const seconds = oldest === null ? null : Math.max(0, Math.round((now() - oldest) / 1_000));
  return { partition, position, rows, at, lag: { batches, seconds }, lastError: trouble };
}

function exportView(
  declared: DeclaredExport,
  { partitions: told, notes, run }: ExportStatus,
  partitions: readonly PartitionView[],
  now: number,
): ExportView {
  const { id: _id, starts: _starts, app, state, ...rest } = declared;
  const lags = partitions.map(({ lag }) => lag);
  const lag = {
    batches: lags.reduce((sum, { batches }) => sum + batches, 0),
    seconds: lags.some(({ seconds }) => seconds === null)
      ? null
      : Math.max(0, ...lags.map(({ seconds }) => seconds ?? 0)),
  };
  const ofProcess = told.filter(({ partition }) => partition < 0).flatMap(({ trouble }) => trouble ?? []);
  const standing = [
    ...partitions.flatMap(({ lastError }) => lastError ?? []),
    ...ofProcess.filter(({ at }) => now - at < OVER_MS),
    ...(run && run.state !== 'up' && run.trouble ? [run.trouble] : []),
  ];
  const past = [...ofProcess, ...(run?.trouble ? [run.trouble] : [])];
  return {
    ...rest,
    ...{ app: toHex(app), state, lag, notes, partitions },
    health: healthOf(state, run, lag, standing.length > 0),
    rows: partitions.reduce((sum, { rows }) => sum + rows, 0),
    lastError: newest(standing) ?? newest(past),
    process: run && { state: run.state, starts: run.starts, at: run.at },
  };
}

function healthOf(state: DeclaredExport['state'], run: ExportStatus['run'], lag: Lag, failing: boolean): Health {
  if (state !== 'running') return state;
  if (failing || run?.state === 'waiting') return 'failing';
  if (run === null) return 'waiting';
  if (run.state === 'down') return 'stopped';
  return lag.seconds === null || lag.seconds > BEHIND ? 'behind' : 'running';
}

const newest = (troubles: readonly ExportTrouble[]): ExportTrouble | null =>
  troubles.reduce<ExportTrouble | null>((last, one) => (last === null || one.at > last.at ? one : last), null);
