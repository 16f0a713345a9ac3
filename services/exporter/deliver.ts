import { toHex } from '../../protocol/index.ts';
import { RetriableError } from '../pipeline/errors.ts';
import type { Erasures } from '../pipeline/ports/erasures.ts';
import type { Position } from '../pipeline/ports/positions.ts';
import type { RemovedEvents } from '../pipeline/ports/removed-events.ts';
import type { ExportRow, Sink } from '../pipeline/ports/sink.ts';
import { REJECTED_TABLE } from '../pipeline/ports/table.ts';
import type { Vault } from '../pipeline/ports/vault.ts';
import type { ExportPlan } from '../pipeline/variables.ts';
import type { ErasedOwners } from './erased-owners.ts';
import { keepRows } from './keep-rows.ts';
import { type FetchedKeys, fetchKeys } from './keys.ts';
import { type LiveBatch, liveBatches, type PinnedRecord } from './live-batch.ts';
import { type OpenBatches, openHere } from './open-threads.ts';
import { rowsOf } from './opened-columns.ts';
import type { RowMakers } from './opened-event.ts';
import { mismatchText, rejectedText } from './words.ts';

/** What one stretch came to, for the metrics. */
export type DeliveryCount = 'rows' | 'rejected' | 'no_key' | 'mismatch';

export interface DeliveryEdges {
  readonly plan: Pick<ExportPlan, 'name' | 'app' | 'scopes'> & Partial<Pick<ExportPlan, 'types'>>;
  readonly sink: Sink;
  readonly vault: Pick<Vault, 'scopeKeys'>;
  /** Keys of a stretch; absent: those that wallets let the app's exports have. */
  readonly keysOf?: (batches: readonly LiveBatch[]) => Promise<FetchedKeys>;
  readonly erased: ErasedOwners;
  readonly erasures: Pick<Erasures, 'of'>;
  readonly rowMakers: RowMakers;
  readonly removedEvents: Pick<RemovedEvents, 'any' | 'of'>;
  /** Leaves out what a replay was not asked for; when absent every event of the batches is exported. */
  readonly isWanted?: (row: Pick<ExportRow, 'time'>) => boolean;
  /** Batches whose keys are fetched, and lie in memory, at once: few where batches are opened slowly. Absent: all of a stretch. */
  readonly keysTogether?: number;
  /** Lets the process answer heartbeats between batches. */
  readonly breathe: () => Promise<void>;
  /** Absent: on this thread. */
  readonly open?: OpenBatches;
  /** What came of a stretch, once it is delivered. @param last the last of them in words, where it is something to look at */
  count(kind: DeliveryCount, n: number, last?: string): void;
}

/**
 * Opens a stretch of records and hands it to the sink, together with the position.
 * @returns false when another instance delivered
 * @throws RetriableError `erasure_open` while it is not known whether an erasure reaches a batch: nothing is left out, or delivered, on a guess
 */
export function deliver(
  edges: DeliveryEdges,
): (partition: number, from: Position, to: Position, accepted: readonly PinnedRecord[]) => Promise<boolean> {
  const {
    plan,
    sink,
    vault,
    erased,
    erasures,
    rowMakers,
    removedEvents,
    isWanted = () => true,
    keysTogether = Number.POSITIVE_INFINITY,
    breathe,
    count,
  } = edges;
  const open = edges.open ?? openHere;
  const keep = keepRows(removedEvents);
  const reader = { name: `export:${plan.name}`, asker: { exportOf: plan.app } };
  const keysOf = edges.keysOf ?? ((batches) => fetchKeys(vault, reader, batches, plan.scopes));
  const types = plan.types ? new Set(plan.types) : null;
  const isOfType = (type: string) => types === null || types.has(type);
  const isExportedEvent = (event: Pick<ExportRow, 'type' | 'time'>) => isOfType(event.type) && isWanted(event);
  const typesOf = (batches: readonly LiveBatch[]) =>
    new Set(batches.flatMap(({ value }) => value.body.summary.types.filter(isOfType)));
  const isExported = ({ app, body }: LiveBatch['value']) =>
    toHex(app) === plan.app && (types === null || body.summary.types.some(isOfType));
  const reachOf = ({ origin, value }: LiveBatch) =>
    erased.reach({ ...value, origin, issuedAt: value.body.summary.issuedAt });
  const isSpared = (batch: LiveBatch): boolean => {
    const reach = reachOf(batch);
    if (reach === 'open') throw openErasure(batch);
    return reach === 'free';
  };

  /** A wallet writes again once the fence is stored, which whoever still does not know it is told here: nobody else may ask for minutes. */
  async function spared(batches: readonly LiveBatch[]): Promise<LiveBatch[]> {
    const open = batches.filter((batch) => reachOf(batch) === 'open');
    if (open.length > 0) erased.learn(await erasures.of(open.map(({ value }) => value)));
    return batches.filter(isSpared);
  }

  return async (partition, from, to, accepted) => {
    const batches = await spared(liveBatches(accepted, isExported));
    const make = await rowMakers.for(typesOf(batches));
    const made: { batch: LiveBatch; rows: ExportRow[] }[] = [];
    const refused: Record<'no_key' | 'mismatch', LiveBatch[]> = { no_key: [], mismatch: [] };
    for (let at = 0; at < batches.length; at += keysTogether) {
      const group = batches.slice(at, at + keysTogether);
      const { keys, forget } = await keysOf(group);
      const left = group.values();
      try {
        for await (const result of open(group, plan.scopes, keys)) {
          const batch = left.next().value as LiveBatch;
          if (result.kind === 'refused') refused[result.why].push(batch);
          else {
            // Rows at once: what was opened lives no longer than its batch, and of a stretch only rows lie in memory.
            made.push({ batch, rows: rowsOf(result.columns, batch, partition, isExportedEvent, make) });
          }
          await breathe();
        }
      } finally {
        forget();
      }
    }
    // Asked again right before the sink is: it puts and erases in order, so an erasure learned later finds these rows.
    const rows: ExportRow[] = [];
    for (const one of made) if (isSpared(one.batch)) for (const row of one.rows) rows.push(row);
    const last = accepted.at(-1)?.origin ?? from.mark;
    const first = accepted[0]?.origin ?? last;
    let kept: readonly ExportRow[] = [];
    const moved = await sink.put(rows, { partition, from, to, first, last }, async (all) => {
      kept = await keep(all);
      return kept;
    });
    if (!moved) return false;
    const { no_key: unread, mismatch } = refused;
    if (unread.length > 0) count('no_key', unread.length);
    const wrong = mismatch.at(-1);
    if (wrong) count('mismatch', mismatch.length, mismatchText(toHex(wrong.value.batchId), wrong.origin, partition));
    const rejected = kept.filter(({ table }) => table.name === REJECTED_TABLE);
    count('rows', kept.length - rejected.length);
    const unfit = rejected.at(-1);
    if (unfit) count('rejected', rejected.length, rejectedText(unfit));
    return true;
  };
}

const openErasure = ({ origin, value }: LiveBatch) =>
  new RetriableError(
    'erasure_open',
    `Wallet ${toHex(value.wallet)} was erased, and the fence that says whether batch ${origin} lies behind it is not stored yet: the API stores it within seconds`,
  );
