import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { toHex } from '../../protocol/index.ts';
import type { Exports } from '../../services/pipeline/ports/exports.ts';
import type { ReplaySpec } from '../../services/pipeline/ports/replays.ts';
import { judgeReplay, type ReplayedExport, replayedOf } from '../../services/pipeline/replays/declare.ts';
import { exportPlan } from '../../services/pipeline/variables.ts';
import { UsageError } from '../crypto/outcome.ts';
import { publicKeyOption } from '../crypto/places.ts';
import { type Scopes, scopesOf } from '../options.ts';
import type { ReplayDeployment } from './deployment.ts';

/** What `ddc replay` was asked for. */
export interface ReplayOptions {
  readonly app?: string;
  readonly wallet?: string;
  readonly types?: readonly string[];
  readonly scopes?: Scopes;
  readonly from?: number | 'beginning';
  readonly to?: number;
  readonly export?: string;
  readonly topic?: string;
  readonly out?: string;
  readonly format: 'parquet' | 'ndjson';
  readonly schema?: 'typed' | 'text';
  readonly rate?: number | 'none';
  readonly dryRun: boolean;
  readonly detach: boolean;
  readonly json: boolean;
}

function targetOf({ export: name, topic, out, format }: ReplayOptions): object {
  const { KAFKA_BROKERS = '', SCHEMA_REGISTRY_URL } = process.env;
  const places = { brokers: KAFKA_BROKERS.split(','), registry: SCHEMA_REGISTRY_URL };
  const targets: object[] = [
    ...(name === undefined ? [] : [{ export: name }]),
    ...(topic === undefined ? [] : [{ sink: 'kafka', config: { ...places, prefix: topic } }]),
    ...(out === undefined ? [] : [{ sink: format, config: { folder: resolve(out) } }]),
  ];
  const [target] = targets;
  if (!target || targets.length > 1) throw new UsageError('Name one target: --export NAME, --topic T or --out DIR.');
  return target;
}

/** An export that `DDC_EXPORT` holds as JSON, where it is this one. */
function inEnvironment(name: string, text = process.env.DDC_EXPORT): ReplayedExport | null {
  if (!text?.startsWith('{')) return null;
  const plan = exportPlan.parse(JSON.parse(text));
  return plan.name === name ? { ...plan, by: 'operator', state: null } : null;
}

/** What an export is declared with: in `DDC_EXPORT`, or in the database. */
const exportIn =
  (exports: Pick<Exports, 'find'>) =>
  async (name: string): Promise<ReplayedExport | null> => {
    const given = inEnvironment(name);
    const declared = given === null ? await exports.find(name) : null;
    return declared ? replayedOf(declared) : given;
  };

/** The whole wish, judged. @throws UsageError; BadDeclaration with everything that is wrong */
export async function specOf(
  options: ReplayOptions,
  { exports, judgeSink, replays }: Pick<ReplayDeployment, 'exports' | 'judgeSink' | 'replays'>,
): Promise<ReplaySpec> {
  const exportOf = exportIn(exports);
  const key = async (text: string, name: string) => toHex(await publicKeyOption(text, name));
  const { types, schema, rate, from, to } = options;
  const said = {
    ...{ target: targetOf(options), scopes: scopesOf(options.scopes), schema, rate: rate === 'none' ? null : rate, to },
    types: types?.length ? types : undefined,
    wallet: options.wallet === undefined ? undefined : await key(options.wallet, '--wallet'),
    from: from === 'beginning' ? undefined : from,
  };
  const app =
    options.app === undefined && options.export !== undefined
      ? (await exportOf(options.export))?.app
      : options.app && (await key(options.app, '--app'));
  if (!app)
    throw new UsageError(
      options.export === undefined
        ? 'Say whose events: --app.'
        : `There is no declared export ${options.export}: see \`ddc exports ls\`.`,
    );
  const input = Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
  const host = options.out === undefined ? null : hostname();
  return judgeReplay({ exportOf, judgeSink, replays }, app, input, 'operator', host);
}
