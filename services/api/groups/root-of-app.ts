import { type Credential, toHex } from '../../../protocol/index.ts';
import type { Owner, Vault } from '../../pipeline/ports/vault.ts';
import type { AppRegister } from '../app-register.ts';
import { mustConsent } from '../auth/app-consent.ts';
import { ApiProblem } from '../problems.ts';

/**
 * Asking for an owner's transit key makes a root where there is none: not for an app that nobody registered, nor, in a closed app, for a
 * wallet that never was there, without the app's token. @throws ApiProblem `unknown_app`, `app_closed`, `forbidden`
 */
export async function mayHaveRoot(
  { apps, vault }: { apps: Pick<AppRegister, 'find'>; vault: Pick<Vault, 'roots'> },
  owner: Owner,
  token: Credential | null,
): Promise<void> {
  const app = await apps.find({ hex: toHex(owner.app), bytes: owner.app });
  if (!app) throw new ApiProblem('unknown_app');
  if (token || app.open) return mustConsent(app, toHex(owner.wallet), token);
  const [first] = await vault.roots([{ ...owner, rootVersion: 1 }]);
  if (first === undefined) mustConsent(app, toHex(owner.wallet), null);
  first?.userRoot.fill(0);
}
