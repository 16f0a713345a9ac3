import kafka from '../../connectors/sinks/kafka.ts';
import parquet from '../../connectors/sinks/parquet.ts';
import s3Parquet from '../../connectors/sinks/s3-parquet.ts';
import { makeSink } from '../../services/pipeline/define-sink.ts';
import type { Delivery, ExportRow, RowOwner, RowSelection, Sink } from '../../services/pipeline/ports/sink.ts';
import { PARTITIONS, PER_BATCH, saleBatch, walletOf } from './sales.ts';

const LOG = 'f6'.repeat(16);
const BATCHES_PER_DELIVERY = 10;
/** Rows of the log are signed at this time, all removals later. */
const ISSUED_AT = 2_000;
/** Beyond all that is ever written: what comes later of an erased wallet is left out. */
const FENCE = 1_000_000;

export interface SourceTargets {
  readonly kafka: { readonly brokers: readonly string[]; readonly registry: string; readonly prefix: string };
  readonly folder: string;
  readonly s3: Readonly<Record<string, string>>;
}

/** Rows that went through the sinks whose output engines read. */
export interface Source {
  /** As they are now: without what was removed. */
  rows(): readonly ExportRow[];
  /** Wallets of which nothing is left. */
  readonly erased: readonly string[];
  /** Further rows, in the later version of the table. @param count rounded up to whole deliveries */
  write(count: number): Promise<void>;
  /** Removes rows of one wallet, and erases another. */
  remove(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Writes rows of two versions of a table with the sinks themselves, and in the middle a delivery to Kafka that fails before its commit: who
 * reads what is not committed sees those rows twice.
 * @param count of rows, rounded up to whole deliveries
 */
export async function fillSource(targets: SourceTargets, count: number): Promise<Source> {
  const kafkaConfig = { ...targets.kafka, partitions: PARTITIONS };
  const sinks: Sink[] = [
    makeSink(kafka, kafkaConfig, { log: LOG, name: 'shop' }),
    makeSink(parquet, { folder: targets.folder }, { log: LOG, name: 'shop' }),
    makeSink(s3Parquet, targets.s3, { log: LOG, name: 'shop' }),
  ];
  for (const sink of sinks) await sink.check();
  const written: ExportRow[] = [];
  let round = 0;
  async function write(much: number, laterFrom: number): Promise<void> {
    const end = round + Math.ceil(much / (PER_BATCH * BATCHES_PER_DELIVERY * PARTITIONS));
    for (; round < end; round += 1) {
      for (let partition = 0; partition < PARTITIONS; partition += 1) {
        const { rows, delivery } = deliveryOf(partition, round, round >= laterFrom);
        if (round === 1) await fail(kafkaConfig, rows, delivery);
        for (const sink of sinks) if (!(await sink.put(rows, delivery))) throw new Error('the position is another');
        written.push(...rows);
      }
    }
  }
  await write(count, count / (PER_BATCH * BATCHES_PER_DELIVERY * PARTITIONS) / 2);
  const selection: RowSelection = {
    ...{ app: written[0]?.app ?? '', wallet: walletOf(3), issuedAt: ISSUED_AT },
    selector: { from: 0, to: Date.UTC(2026, 0, 1, 6) },
  };
  const owner: RowOwner = { app: selection.app, wallet: walletOf(8), before: FENCE, issuedAt: ISSUED_AT };
  const goes = ({ wallet, time }: ExportRow) =>
    wallet === owner.wallet || (wallet === selection.wallet && time < Date.UTC(2026, 0, 1, 6));
  let removed = false;
  return {
    rows: () => (removed ? written.filter((row) => !goes(row)) : written),
    erased: [owner.wallet],
    write: (more) => write(more, 0),
    async remove() {
      for (const sink of sinks) {
        await sink.remove([selection]);
        await sink.erase([owner]);
      }
      removed = true;
    },
    async close() {
      for (const sink of sinks) await sink.close();
    },
  };
}

function deliveryOf(partition: number, round: number, later: boolean): { rows: ExportRow[]; delivery: Delivery } {
  const first = round * BATCHES_PER_DELIVERY;
  const last = first + BATCHES_PER_DELIVERY - 1;
  const rows = Array.from({ length: BATCHES_PER_DELIVERY }, (_, i) => saleBatch(partition, first + i, later)).flat();
  const [from, to] = [
    { next: first, mark: first - 1 },
    { next: last + 1, mark: last },
  ];
  return { rows, delivery: { partition, first, last, from, to } };
}

/** Sends the rows, and dies before the commit. */
async function fail(config: object, rows: readonly ExportRow[], delivery: Delivery): Promise<void> {
  const reach = (): never => {
    throw new Error('died');
  };
  const dying = makeSink(kafka, config, { log: LOG, name: 'shop', reach });
  await dying.check();
  const outcome = await dying.put(rows, delivery).catch((error: Error) => error.message);
  await dying.close();
  if (outcome !== 'died') throw new Error(`the delivery that was to fail: ${outcome}`);
}
