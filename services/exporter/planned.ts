import { toHex } from '../../protocol/index.ts';
import { FatalError } from '../pipeline/errors.ts';
import type { DeclaredBy, DeclaredExport, Exports } from '../pipeline/ports/exports.ts';
import type { Position } from '../pipeline/ports/positions.ts';
import type { Secrets } from '../pipeline/ports/secrets.ts';
import { secretsIn, withSecrets } from '../pipeline/secret-references.ts';
import type { ExportPlan } from '../pipeline/variables.ts';

/** An export as its process runs it. */
export interface Planned {
  readonly plan: ExportPlan;
  readonly by: DeclaredBy;
  /** By partition; empty: at 0. */
  readonly starts: readonly Position[];
  /** Of the declaration; null where the whole plan was given. */
  readonly id: number | null;
}

/** @throws FatalError `no_export` when nothing of this name is declared, or it is about to be forgotten */
export async function plannedExport(setting: ExportPlan | string, exports: Pick<Exports, 'find'>): Promise<Planned> {
  if (typeof setting !== 'string') return { plan: setting, by: 'operator', starts: [], id: null };
  const declared = await exports.find(setting);
  if (declared && declared.state !== 'ending') return plannedOf(declared);
  throw new FatalError('no_export', `There is no declared export ${setting}: see \`ddc exports ls\`.`);
}

export function plannedOf({ id, by, starts, ...declared }: Omit<DeclaredExport, 'state' | 'createdAt'>): Planned {
  const { name, scopes, types, sink, config, schema } = declared;
  const lists = { scopes: [...scopes], types: types && [...types] };
  return { plan: { name, app: toHex(declared.app), sink, config: { ...config }, schema, ...lists }, by, starts, id };
}

/** The sink's configuration with what its secrets say, and those, so that nothing that is told names them. @throws FatalError `no_secret` */
export async function openConfig(
  { plan, by }: { readonly plan: Pick<ExportPlan, 'app' | 'config'>; readonly by: DeclaredBy },
  secrets: Secrets,
): Promise<{ readonly config: unknown; readonly secrets: readonly string[] }> {
  const known = new Map<string, string>();
  for (const { name } of secretsIn(plan.config)) known.set(name, await secrets.read(name, { by, app: plan.app }));
  return { config: withSecrets(plan.config, (name) => known.get(name) ?? ''), secrets: [...known.values()] };
}
