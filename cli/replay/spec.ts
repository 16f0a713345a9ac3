import { InvalidArgumentError } from 'commander';
import { toHex } from '../../protocol/index.ts';
import { type Planned, plannedExport } from '../../services/exporter/planned.ts';
import { FatalError } from '../../services/pipeline/errors.ts';
import type { Exports } from '../../services/pipeline/ports/exports.ts';
import type { ReplaySpec, ReplayTarget } from '../../services/pipeline/ports/replays.ts';
import { type ExportPlan, exportPlan } from '../../services/pipeline/variables.ts';
import { UsageError } from '../crypto/outcome.ts';
import { publicKeyOption } from '../crypto/places.ts';

/** What `ddc replay` was asked for. */
export interface ReplayOptions {
  readonly app?: string;
  readonly wallet?: string;
  readonly types?: readonly string[];
  readonly scopes?: readonly string[];
  readonly from?: number | 'beginning';
  readonly to?: number;
  readonly export?: string;
  readonly topic?: string;
  readonly out?: string;
  readonly format: 'parquet' | 'ndjson';
  readonly schema: 'typed' | 'text';
  readonly rate?: number;
  readonly dryRun: boolean;
  readonly detach: boolean;
  readonly json: boolean;
}

const TIME = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?$/;

/** Of `--from` and `--to`. @throws InvalidArgumentError, which commander shows */
export function timeOption(text: string): number {
  const time = TIME.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) throw new InvalidArgumentError('It must be ISO 8601 with a zone, or a date (UTC).');
  return time;
}

function targetOf({ export: name, topic, out, format }: ReplayOptions): ReplayTarget {
  const targets: ReplayTarget[] = [
    ...(name === undefined ? [] : [{ kind: 'export' as const, name }]),
    ...(topic === undefined ? [] : [{ kind: 'topic' as const, topic }]),
    ...(out === undefined ? [] : [{ kind: 'folder' as const, folder: out, format }]),
  ];
  const [target] = targets;
  if (!target || targets.length > 1) throw new UsageError('Name one target: --export NAME, --topic T or --out DIR.');
  return target;
}

/** The plan that `DDC_EXPORT` holds as JSON, where it is that of this export. */
function planInEnvironment(name: string, text = process.env.DDC_EXPORT): ExportPlan | null {
  if (!text?.startsWith('{')) return null;
  const plan = exportPlan.parse(JSON.parse(text));
  return plan.name === name ? plan : null;
}

/** What an export is declared with: in `DDC_EXPORT`, or in the database. @throws UsageError when it is not */
async function declaredExport(name: string, exports: Pick<Exports, 'find'>): Promise<Planned> {
  try {
    return await plannedExport(planInEnvironment(name) ?? name, exports);
  } catch (error) {
    if (error instanceof FatalError && error.code === 'no_export') throw new UsageError(error.message);
    throw error;
  }
}

/** The sink of a target that is this job's alone. */
function ownSink(target: Exclude<ReplayTarget, { readonly kind: 'export' }>): ReplaySpec['sink'] {
  if (target.kind === 'folder') return { name: target.format, config: { folder: target.folder } };
  const { KAFKA_BROKERS = '', SCHEMA_REGISTRY_URL } = process.env;
  const places = { brokers: KAFKA_BROKERS.split(','), registry: SCHEMA_REGISTRY_URL };
  return { name: 'kafka', config: { ...places, prefix: target.topic } };
}

/**
 * The whole wish. What an export is declared with cannot be said otherwise: its target holds what it exports.
 * @throws UsageError
 */
export async function specOf(options: ReplayOptions, exports: Pick<Exports, 'find'>): Promise<ReplaySpec> {
  const target = targetOf(options);
  const key = async (text: string, name: string) => toHex(await publicKeyOption(text, name));
  const app = options.app === undefined ? null : await key(options.app, '--app');
  const { to = null, rate = null } = options;
  const from = options.from === undefined || options.from === 'beginning' ? null : options.from;
  if (from !== null && to !== null && to <= from) throw new UsageError('--to is not after --from.');
  const wish = { wallet: options.wallet === undefined ? null : await key(options.wallet, '--wallet'), from, to, rate };
  const types = options.types?.length ? options.types : null;
  if (target.kind !== 'export') {
    if (app === null) throw new UsageError('Say whose events: --app.');
    if (!options.scopes)
      throw new UsageError('Say which scopes: --scopes NAME … (`--scopes` alone: none, rows without content).');
    const { scopes, schema } = options;
    return { app, ...wish, types, scopes, schema, target, sink: ownSink(target), by: 'operator' };
  }
  const { plan: known, by } = await declaredExport(target.name, exports);
  if (app !== null && app !== known.app) throw new UsageError(`Export ${target.name} is of app ${known.app}.`);
  if (options.scopes) throw new UsageError(`Export ${target.name} has its scopes: leave --scopes away.`);
  if (types && known.types && types.some((type) => !known.types?.includes(type)))
    throw new UsageError(`Export ${target.name} takes ${known.types.join(', ')} only.`);
  const { scopes, schema, sink, config } = known;
  return {
    app: known.app,
    ...wish,
    types: types ?? known.types,
    scopes,
    schema,
    target,
    sink: { name: sink, config },
    by,
  };
}
