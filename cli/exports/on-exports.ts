import type { DeclaredExport } from '../../services/pipeline/ports/exports.ts';
import { type Outcome, Refusal } from '../crypto/outcome.ts';
import { settleDeployment } from '../settle-deployment.ts';
import { type ExportsEdges, withExports } from './edges.ts';

/** Runs a command about exports on the deployment that the environment names. */
export const onExports = (json: boolean, run: (edges: ExportsEdges) => Promise<Outcome>): Promise<void> =>
  settleDeployment(json, () => withExports(run));

export const noExport = (name: string): Refusal =>
  new Refusal('unknown_export', `There is no export ${name}: see \`ddc exports ls\`.`);

/** @throws Refusal `unknown_export` */
export async function foundExport({ exports }: Pick<ExportsEdges, 'exports'>, name: string): Promise<DeclaredExport> {
  const declared = await exports.find(name);
  if (declared) return declared;
  throw noExport(name);
}
