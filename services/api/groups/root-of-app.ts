import { toHex } from '../../../protocol/index.ts';
import type { Owner, Vault } from '../../pipeline/ports/vault.ts';
import type { AppRegister } from '../app-register.ts';
import { ApiProblem } from '../problems.ts';

/**
 * Asking for an owner's transit key makes a root where there is none: not for an app that nobody registered, nor, in a closed app, for a
 * wallet that never was there. @throws ApiProblem `unknown_app`, `app_closed`
 */
export async function mayHaveRoot(
  { apps, vault }: { apps: Pick<AppRegister, 'find'>; vault: Pick<Vault, 'roots'> },
  owner: Owner,
): Promise<void> {
  const app = await apps.find({ hex: toHex(owner.app), bytes: owner.app });
  if (!app) throw new ApiProblem('unknown_app');
  if (app.open) return;
  const [first] = await vault.roots([{ ...owner, rootVersion: 1 }]);
  if (first === undefined) throw new ApiProblem('app_closed');
  first?.userRoot.fill(0);
}
