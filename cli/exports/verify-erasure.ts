import { createErasures } from '../../connectors/postgres/erasures.ts';
import { createExportReports } from '../../connectors/postgres/removal-store.ts';
import { createRemovedEvents } from '../../connectors/postgres/removed-events.ts';
import { createFolderSecrets } from '../../connectors/secrets/folder-secrets.ts';
import { createSink, sinksWith } from '../../connectors/sinks/index.ts';
import { toHex } from '../../protocol/index.ts';
import { openConfig, type Planned, plannedOf } from '../../services/exporter/planned.ts';
import type { ErasureCheck, Finding, TableCounts } from '../../services/exporter/verify/report.ts';
import { type Asked, verifyErasure } from '../../services/exporter/verify/verify-erasure.ts';
import { withoutSecrets } from '../../services/exporter/without-secrets.ts';
import { environment } from '../../services/pipeline/variables.ts';
import type { ExportsEdges } from './edges.ts';
import { noExport } from './on-exports.ts';

/** Which exports are looked at: all, those of an app, or one. */
export interface Which {
  readonly name?: string;
  readonly app?: Uint8Array;
}

const SETTINGS = environment.pick({
  DDC_EXPORT: true,
  DDC_PRIVATE_TARGETS: true,
  DDC_SECRETS_FOLDER: true,
  DDC_SINKS: true,
});

/** What is known of an export without its declaration: somebody runs it with a `DDC_EXPORT` of its own. */
const UNKNOWN = 'unknown';

/**
 * Verifies one export after the other. Exports that were never declared are known by name alone, but for the one that this command's `DDC_EXPORT` says.
 * @throws Refusal `unknown_export` when there is none of that name
 */
export async function* verifyErasures(edges: ExportsEdges, which: Which, asked: Asked): AsyncGenerator<ErasureCheck> {
  const { db, exports, logId } = edges;
  const settings = SETTINGS.parse(Object.fromEntries(Object.entries(process.env).filter(([, text]) => text !== '')));
  const sinks = await sinksWith(settings.DDC_SINKS);
  const secrets = createFolderSecrets(settings.DDC_SECRETS_FOLDER);
  const reports = createExportReports(db);
  const common = {
    erasures: createErasures(db),
    removedEvents: createRemovedEvents(db),
    reports,
    now: () => Date.now(),
  };

  async function open(planned: Planned) {
    const { plan } = planned;
    const { config, secrets: said } = await openConfig(planned, secrets);
    const context = { log: toHex(logId), name: plan.name, privateTargets: settings.DDC_PRIVATE_TARGETS };
    return withoutSecrets(createSink(plan.sink, config, context, sinks), said);
  }

  const planned = new Map<string, Planned>();
  const given = settings.DDC_EXPORT;
  if (typeof given === 'object') planned.set(given.name, { plan: given, by: 'operator', starts: [], id: null });
  for (const declared of await exports.list()) planned.set(declared.name, plannedOf(declared));
  const registered = await reports.registered();
  const apps = new Map(registered.map(({ name, app }) => [name, app && toHex(app)]));
  for (const [name, { plan }] of planned) apps.set(name, plan.app);
  const names = [...apps.keys()].sort().filter((name) => which.name === undefined || which.name === name);
  if (which.name !== undefined && names.length === 0) throw noExport(which.name);
  for (const name of names) {
    const app = apps.get(name);
    if (!app || (which.app && toHex(which.app) !== app)) continue;
    const known = planned.get(name);
    const sink = known?.plan.sink ?? UNKNOWN;
    const [status] = known && known.id !== null ? await exports.status([known.id]) : [];
    const delivered = (status?.partitions ?? []).flatMap(({ partition, rows }) => (rows > 0 ? [partition] : []));
    yield verifyErasure({ ...common, name, app, sink, delivered, open: known ? () => open(known) : null }, asked);
  }
}

/** Whether whoever asked must look into it. */
export const isAmiss = ({ outcome }: ErasureCheck): boolean =>
  outcome === 'found' || outcome === 'late' || outcome === 'unread';

const timeOf = (at: number | null): string => (at === null ? 'never' : new Date(at).toISOString());

/** Everything about one, for people. */
export function checkText(check: ErasureCheck): string {
  const { name, sink, outcome, orders, tables, findings, reason } = check;
  const { erasures, removals, reported } = orders;
  const told = `of ${erasures} erasures and ${removals} removals of events it has reported ${reported}, the last at ${timeOf(check.lastReportedAt)}`;
  const total = (count: 'found' | 'waiting' | 'rows') => tables.reduce((sum, table) => sum + table[count], 0);
  const head = {
    clean: `clean: ${total('rows')} rows read back`,
    found: `FOUND ${total('found')} rows that were reported as gone`,
    late:
      reason === null
        ? `LATE: ${total('waiting')} rows wait to be deleted, some for more than a minute`
        : `LATE, and cannot be checked: ${reason}`,
    told: `cannot be checked: ${reason}`,
    unread: `NOT READ: ${reason}`,
  }[outcome];
  return [`${name}  ${sink}  ${head}; ${told}`, ...tables.map(tableText), ...findings.map(findingText)].join('\n');
}

function tableText({ table, rows, asked, found, waiting, leaving }: TableCounts): string {
  const more = [
    asked === rows ? null : `${asked} of what was asked about`,
    found === 0 ? null : `${found} that must not be there`,
    waiting === 0 ? null : `${waiting} waiting to be deleted`,
    leaving === 0 ? null : `${leaving} deleted ones not wiped from disk yet`,
  ].filter((one) => one !== null);
  return `  ${table}: ${[`${rows} rows`, ...more].join(', ')}`;
}

const findingText = ({ table, place, wallet, batchId, slot, eventId, by, request, reportedAt }: Finding): string =>
  `  ! ${table}  ${place}  wallet ${wallet}  event ${eventId} (batch ${batchId}, ${slot})  ${by} ${request}, ${
    reportedAt === null ? 'not applied yet' : `reported as applied ${timeOf(reportedAt)}`
  }`;
