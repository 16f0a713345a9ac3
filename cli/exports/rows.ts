import { setImmediate } from 'node:timers/promises';
import { openKms } from '../../connectors/kms/index.ts';
import { createErasures } from '../../connectors/postgres/erasures.ts';
import { createRemovedEvents } from '../../connectors/postgres/removed-events.ts';
import { openVault } from '../../connectors/vault/postgres-vault.ts';
import { ready } from '../../protocol/index.ts';
import { type DryRun, dryRun } from '../../services/exporter/dry-run.ts';
import { ErasedOwners } from '../../services/exporter/erased-owners.ts';
import { plannedOf } from '../../services/exporter/planned.ts';
import { rowMakersOf } from '../../services/exporter/row-makers-of.ts';
import { parseConfig } from '../../services/pipeline/config.ts';
import { processHost } from '../../services/pipeline/host/main.ts';
import type { ExportDeclaration } from '../../services/pipeline/ports/exports.ts';
import { batchesPinned } from '../../topics/batches-pinned.ts';
import type { ExportsEdges } from './edges.ts';

const tell = (what: string): void => void process.stderr.write(`ddc: ${what}\n`);

/** The first rows of an export that is not declared yet. Needs the keys, as the exporter does. */
export async function firstRows(edges: ExportsEdges, declaration: ExportDeclaration, limit: number): Promise<DryRun> {
  const { db, log, codecs, schemas, named, partitions } = edges;
  const config = parseConfig('exporter', { ...process.env, DDC_EXPORT: declaration.name });
  const { clock, random } = processHost;
  await ready();
  const keks = openKms(config, performance, random);
  const vault = openVault({ db, keks, random, clock: performance, calendar: clock });
  try {
    const erased = new ErasedOwners();
    const erasures = createErasures(db);
    erased.learn(await erasures.all());
    const { plan, starts } = plannedOf({ ...declaration, id: 0 });
    const pinned = named(batchesPinned);
    const run = {
      ...{ plan, vault, erased, erasures, log, partitions, pinned: pinned.name },
      removedEvents: createRemovedEvents(db),
      rowMakers: rowMakersOf(plan, {
        schemas,
        now: () => performance.now(),
        onUnusable: (type, { version }) => tell(`version ${version} of the schema of ${type} cannot be used`),
        onStale: (error) => tell(`schemas cannot be asked for: ${String(error)}`),
      }),
      codec: await codecs.for(pinned),
      breathe: () => setImmediate(),
    };
    return await dryRun(run, starts, limit);
  } finally {
    await vault.close();
  }
}

/** A row as a line of JSON: numbers that are larger than JSON's as text, bytes in hex. */
export const rowText = (row: DryRun['rows'][number]): string =>
  JSON.stringify({ ...row, table: row.table.name }, (_, value: unknown) => {
    if (typeof value === 'bigint') return value.toString();
    return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;
  });
