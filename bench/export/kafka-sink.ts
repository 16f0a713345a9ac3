import { createRowSchemas } from '../../connectors/registry/index.ts';
import { createSink } from '../../connectors/sinks/index.ts';
import { recordOf } from '../../connectors/sinks/kafka/record.ts';
import { DEFAULT_SCOPE, type OpenScope, toHex } from '../../protocol/index.ts';
import { typedRows } from '../../services/exporter/typed/map-event.ts';
import { START } from '../../services/pipeline/ports/positions.ts';
import type { ExportRow } from '../../services/pipeline/ports/sink.ts';
import { typedTable } from '../../services/pipeline/typed/typed-table.ts';
import { createPlainTopic } from '../baseline/plain-topic.ts';
import { openRawRecords, type RawRecord } from '../baseline/raw-records.ts';
import { BATCH } from './pinned-feed.ts';
import { SCHEMAS, typedEvent } from './typed-events.ts';

/** Rows of one delivery: about what an exporter hands over in one. */
const DELIVERY = 10_000;
const APP = 'ab'.repeat(32);

export interface KafkaSinkRound {
  readonly sink: number;
  readonly raw: number;
}

/** Rows a second of the sink `kafka`, position and transaction included, and of a raw producer with the same records, in turns. */
export async function kafkaSinkRounds(
  env: Readonly<Record<string, string>>,
  { rounds, rows }: { readonly rounds: number; readonly rows: number },
): Promise<KafkaSinkRound[]> {
  const brokers = (env.KAFKA_BROKERS as string).split(',');
  const registry = env.SCHEMA_REGISTRY_URL as string;
  const [topic, prefix] = ['bench-raw', 'bench-sink'];
  await createPlainTopic(brokers, topic);
  const raw = await openRawRecords(brokers, topic);
  const sink = createSink('kafka', { brokers, registry, prefix, copies: 1 }, { log: '01'.repeat(16), name: 'shop' });
  try {
    await sink.check();
    const deliveries = Array.from({ length: Math.ceil(rows / DELIVERY) }, (_, n) => typedRowsFrom(n * DELIVERY));
    const encoded = await encode(registry, topic, deliveries);
    let at = START;
    const put = async (some: readonly ExportRow[]) => {
      const to = { next: at.next + 1, mark: at.mark + 1 };
      if (!(await sink.put(some, { partition: 0, from: at, to, first: to.mark, last: to.mark })))
        throw new Error('the sink stands elsewhere');
      at = to;
    };
    const measured: KafkaSinkRound[] = [];
    for (let round = -1; round < rounds; round += 1) {
      const one = {
        sink: await rate(deliveries, put),
        raw: await rate(encoded, (records) => raw.send(0, records)),
      };
      if (round >= 0) measured.push(one);
    }
    return measured;
  } finally {
    await raw.close();
    await sink.close();
  }
}

async function rate<T>(deliveries: readonly (readonly T[])[], deliver: (some: readonly T[]) => Promise<void>) {
  const started = performance.now();
  for (const some of deliveries) await deliver(some);
  return deliveries.reduce((sum, some) => sum + some.length, 0) / ((performance.now() - started) / 1000);
}

/** What the sink sends: its own encoding, under subjects of another topic. */
async function encode(registry: string, topic: string, deliveries: readonly (readonly ExportRow[])[]) {
  const schemas = createRowSchemas(registry);
  const all: RawRecord[][] = [];
  for (const rows of deliveries) {
    const records: RawRecord[] = [];
    for (const row of rows) {
      const encoder = await schemas.encoder(`${topic}.${row.table.name}`, row.table);
      const { key, value, headers } = recordOf(row, encoder(row));
      records.push({ key, value: Buffer.from(value ?? []), headers: { ...headers } });
    }
    all.push(records);
  }
  return all;
}

const makers = new Map(
  Object.entries(SCHEMAS).map(([type, text]) => {
    const { latest } = typedTable([{ app: APP, type, version: 1, text }]);
    if (!latest) throw new Error(`the schema of ${type} cannot be used`);
    return [type, typedRows(latest)];
  }),
);

/** A delivery as the exporter would make it, without Kafka and keys. */
function typedRowsFrom(first: number): ExportRow[] {
  return Array.from({ length: DELIVERY }, (_, i) => {
    const n = first + i;
    const { id, type, time, session = null, scopes } = typedEvent(n);
    const batch = Math.floor(n / BATCH);
    const common = {
      ...{
        app: APP,
        wallet: toHex(new Uint8Array(32).fill(batch % 64)),
        batchId: batch.toString(16).padStart(64, '0'),
      },
      ...{ eventId: id, type, time: Date.parse(time), session, blob: null, signer: 'wallet' as const },
      ...{ source: '01'.repeat(16), seq: batch, slot: n % BATCH, origin: batch, partition: 0 },
      ...{ issuedAt: Date.UTC(2026, 1, 4), verified: true },
    };
    const make = makers.get(type);
    if (!make) throw new Error(`no schema of ${type}`);
    const { data } = scopes[DEFAULT_SCOPE] as OpenScope;
    return { ...common, ...make({ type, scopes: { [DEFAULT_SCOPE]: data }, closed: [] }) };
  });
}
