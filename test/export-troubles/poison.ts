import { join } from 'node:path';
import { createApps } from '../../connectors/postgres/apps.ts';
import ndjson from '../../connectors/sinks/ndjson.ts';
import { fromHex } from '../../protocol/index.ts';
import type { Pinned } from '../../schemas/index.ts';
import type { SeenRow } from '../../services/pipeline/define-sink.ts';
import { addSchema } from '../../services/pipeline/typed/add-schema.ts';
import { typedTable } from '../../services/pipeline/typed/typed-table.ts';
import type { World } from './world.ts';

const record = (...fields: object[]) => JSON.stringify({ type: 'record', name: 'Event', fields });
/** What is in the data is a text. */
const NEVER_FITS = record({ name: 'amount', type: 'long', 'ddc.scope': 'purchase' });
const AMOUNT = { name: 'amount', type: 'string', 'ddc.scope': 'purchase' };
const NOTE = { name: 'note', type: ['null', 'string'], default: null, 'ddc.scope': 'purchase' };
const VIEW_1 = record(AMOUNT);
const VIEW_2 = record(AMOUNT, NOTE);

const rowsIn = async (folder: string, tables: Parameters<Awaited<ReturnType<typeof ndjson.trial>>['rows']>[0]) =>
  (await ndjson.trial(folder, async () => '')).rows(tables);

/** An export with a type whose events never fit its schema, and one whose schema changes in mid-flow. */
export async function strictExport({ log, edges, declare }: World) {
  const folder = join(log.scratch, 'strict');
  await addSchema(edges.schemas, log.app, 'PURCHASE', NEVER_FITS);
  const versions = [await addSchema(edges.schemas, log.app, 'PAGE_VIEW', VIEW_1)];
  await declare('strict', { sink: 'ndjson', config: { folder } });
  return {
    async changeSchema() {
      versions.push(await addSchema(edges.schemas, log.app, 'PAGE_VIEW', VIEW_2));
    },
    async rows(): Promise<readonly SeenRow[]> {
      const { latest } = typedTable(versions);
      return rowsIn(folder, latest ? [latest.table] : []);
    },
  };
}

/**
 * An export of another app with a batch that cannot be opened, as a bug of ours would make it: its meta is that of another batch.
 * It stands at the end of partition 0, with good ones before and behind it, and in the other partition.
 */
export async function brokenExport({ log, declare }: World) {
  const folder = join(log.scratch, 'broken');
  const maker = log.anotherApp();
  await createApps(log.db).add({ app: fromHex(maker.app, 32) });
  const batch = async (): Promise<Pinned> => (await maker.make(maker.newWallet(), 2)).pinned;
  const good = await batch();
  const other = await batch();
  const broken: Pinned = { ...good, body: good.body && other.body && { ...good.body, meta: other.body.meta } };
  await log.append(0, [await batch(), await batch()]);
  const origin = await log.append(0, [broken]);
  await log.append(0, [await batch()]);
  await log.append(1, [await batch(), await batch(), await batch()]);
  await declare('broken', { app: maker.app, sink: 'ndjson', config: { folder }, schema: 'text' });
  return {
    /** Where the batch stands that cannot be opened. */
    origin,
    /** Rows that can be exported: two a batch. */
    exportable: { before: 4, other: 6 },
    rows: () => rowsIn(folder, []),
  };
}
