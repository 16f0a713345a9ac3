import { type Credential, toHex } from '../../../protocol/index.ts';
import type { App } from '../../pipeline/ports/apps.ts';
import { ApiProblem } from '../problems.ts';
import { mustBeOwnerOrApp } from './bearer.ts';

/**
 * The app's word that this wallet may write to it, and make it pay: its being open, or its token. A token that was sent counts in an open
 * app, too: whoever sends another app's has mixed something up.
 * @param wallet hex. @param token the app's, for `batches.write`, or null. @throws ApiProblem `app_closed`, `forbidden`
 */
export function mustConsent({ app, open }: Pick<App, 'app' | 'open'>, wallet: string, token: Credential | null): void {
  if (token) {
    if (token.signer !== 'app' || token.app !== toHex(app))
      throw new ApiProblem('forbidden', { detail: "writes take a token of the app's own key" });
    mustBeOwnerOrApp(token, wallet);
  } else if (!open) throw new ApiProblem('app_closed');
}
