import { fromHex, toHex } from '../../../protocol/index.ts';
import type { Consents } from '../../pipeline/ports/consents.ts';
import type { Vault } from '../../pipeline/ports/vault.ts';
import { answerJson } from '../answer.ts';
import type { AppRegister } from '../app-register.ts';
import { type Auth, mustBeOwner } from '../auth/bearer.ts';
import { ApiProblem } from '../problems.ts';
import { checked, jsonBody, ok, problem, type Route } from '../route.ts';
import { appTokenHeader, ownerShape, preparedRoot } from '../shapes.ts';
import { mayHaveRoot } from './root-of-app.ts';

/** What a move to service mode has to name. */
export const modeRoutes = ({
  auth,
  apps,
  vault,
  consents,
}: {
  auth: Pick<Auth, 'authorize' | 'appToken'>;
  apps: Pick<AppRegister, 'find'>;
  vault: Pick<Vault, 'transit' | 'roots' | 'prepare'>;
  consents: Pick<Consents, 'of'>;
}): Route[] => [
  {
    access: { kind: 'token', operation: 'move', by: ['owner'] },
    doc: {
      method: 'post',
      path: '/v1/moves/prepare',
      tags: ['keys & grants'],
      summary: 'The subject that a move to service mode must name',
      description: 'The same root until the move is made; the move names the epoch answered here, or a later one.',
      request: { ...jsonBody(ownerShape), headers: appTokenHeader },
      responses: {
        200: ok('A root that counts from the move on.', preparedRoot),
        403: problem('`unknown_app`, `app_closed`'),
        410: problem('`erased`'),
      },
    },
    async handle(request, response) {
      const { app, wallet } = checked(ownerShape, request.body);
      mustBeOwner(auth.authorize(request, 'move', app), wallet);
      const owner = { app: fromHex(app, 32), wallet: fromHex(wallet, 32) };
      await mayHaveRoot({ apps, vault }, owner, auth.appToken(request));
      const [transit] = await vault.transit([owner]);
      if (!transit) throw new ApiProblem('erased');
      const { rootVersion, subject } = await vault.prepare(owner);
      const [state] = await consents.of([owner]);
      answerJson(response, 200, { rootVersion, subject: toHex(subject), epoch: state?.epoch ?? 0 });
    },
  },
];
