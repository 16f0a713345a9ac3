import { fromHex } from '../../../protocol/index.ts';
import type { RemovedEvents } from '../../pipeline/ports/removed-events.ts';
import { answerJson } from '../answer.ts';
import type { AppRegister } from '../app-register.ts';
import { mustConsent } from '../auth/app-consent.ts';
import { type Auth, mustBeOwnerOrApp } from '../auth/bearer.ts';
import { decrypted, decryptRequest, encrypted, encryptRequest } from '../explicit/crypto-shapes.ts';
import { type createDecrypt, removedIds } from '../explicit/decrypt.ts';
import type { createEncrypt } from '../explicit/encrypt.ts';
import { ApiProblem } from '../problems.ts';

import { cutWhenRemoved } from '../removals/cut-when-removed.ts';
import { checked, jsonBody, ok, problem, type Route } from '../route.ts';
import { appTokenHeader } from '../shapes.ts';

export interface CryptoRoutesDeps {
  readonly auth: Pick<Auth, 'authorize' | 'appToken'>;
  readonly apps: Pick<AppRegister, 'find'>;
  readonly encrypt: ReturnType<typeof createEncrypt>;
  readonly decrypt: ReturnType<typeof createDecrypt>;
  readonly removedEvents: Pick<RemovedEvents, 'of'>;
}

const shared = { method: 'post' as const, tags: ['crypto'] };
/** As a batch may have. */
const limit = 2_000_000;

/** Explicit encryption, for partners that keep their data themselves: raw in, raw out. */
export const cryptoRoutes = ({ auth, apps, encrypt, decrypt, removedEvents }: CryptoRoutesDeps): Route[] => [
  {
    limit,
    access: { kind: 'token', operation: 'crypto.encrypt', by: ['owner', 'app'] },
    doc: {
      ...shared,
      path: '/v1/crypto/encrypt',
      summary: 'Encrypt events scope by scope',
      description:
        'By the wallet only where the app is open, or with its token. Under the newest keys of the wallet in this app; nothing is stored, signed or charged. At most 2,000,000 bytes, and 1,000 scopes in all.',
      request: { ...jsonBody(encryptRequest), headers: appTokenHeader },
      responses: {
        200: ok('Envelopes in the order of the events, with what commits to their content.', encrypted),
        403: problem('`unknown_app`, `app_closed`'),
        409: problem('`client_keys`'),
        410: problem('`erased`'),
        422: problem('`scope`, `data`, `id`: a name that no client may use, or text that is not well-formed.'),
      },
    },
    async handle(request, response) {
      const { app, wallet, events } = checked(encryptRequest, request.body);
      const caller = auth.authorize(request, 'crypto.encrypt', app);
      mustBeOwnerOrApp(caller, wallet);
      const owner = { app: fromHex(app, 32), wallet: fromHex(wallet, 32) };
      // A root is made where there is none: not for an app that nobody registered.
      const known = await apps.find({ hex: app, bytes: owner.app });
      if (!known) throw new ApiProblem('unknown_app');
      if (caller.signer === 'wallet') mustConsent(known, wallet, auth.appToken(request));
      answerJson(response, 200, await encrypt(owner, events));
    },
  },
  {
    limit,
    access: { kind: 'token', operation: 'crypto.decrypt', by: ['app', 'reader'] },
    doc: {
      ...shared,
      path: '/v1/crypto/decrypt',
      summary: 'Decrypt envelopes',
      description:
        "By the app under the wallet's policy, or by a wallet with a registered certificate, under a grant or a policy that names it. An envelope of an event that the wallet has removed by its id is refused; of a removal by time or by session an envelope says nothing. Keys that this takes are in the wallet's access log. Of a wallet's certificates that have not expired the newest 8 count. At most 2,000,000 bytes and 1,000 envelopes.",
      request: jsonBody(decryptRequest),
      responses: {
        200: ok('One answer per envelope, in order; one that is refused does not fail the others.', decrypted),
      },
    },
    async handle(request, response) {
      const { app, wallet, rootVersion, subject, items } = checked(decryptRequest, request.body);
      const caller = auth.authorize(request, 'crypto.decrypt', app);
      if (caller.signer === 'app') mustBeOwnerOrApp(caller, wallet);
      const owner = { app: fromHex(app, 32), wallet: fromHex(wallet, 32) };
      const under = { ...owner, rootVersion, subject: fromHex(subject, 32) };
      const answer = await decrypt(caller, under, items);
      const shown = items.filter((_, i) => 'data' in (answer[i] ?? {}));
      cutWhenRemoved(response, async () => (await removedIds(removedEvents, under, shown)).size === 0);
      answerJson(response, 200, { items: answer });
    },
  },
];
