import { z } from 'zod';
import { fromHex } from '../../../protocol/index.ts';
import { answerJson } from '../answer.ts';
import type { AppRegister } from '../app-register.ts';
import { type Authorize, mustBeOwnerOrApp } from '../auth/bearer.ts';
import type { createDecrypt } from '../explicit/decrypt.ts';
import type { createEncrypt } from '../explicit/encrypt.ts';
import { ApiProblem } from '../problems.ts';
import { AUTH_PROBLEMS, BODY_PROBLEMS, checked, jsonBody, ok, problem, type Route } from '../route.ts';
import { hex32 } from '../shapes.ts';

export interface CryptoRoutesDeps {
  readonly authorize: Authorize;
  readonly apps: Pick<AppRegister, 'find'>;
  readonly encrypt: ReturnType<typeof createEncrypt>;
  readonly decrypt: ReturnType<typeof createDecrypt>;
}

/** Envelopes of one call. */
const MOST_ITEMS = 1_000;

const plainEvent = z.strictObject({
  id: z.string().min(1).max(36).describe('Part of what the envelope is bound to.'),
  scopes: z.record(z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/), z.string()),
});
const countScopes = (events: readonly { readonly scopes: Record<string, string> }[]) =>
  events.reduce((sum, { scopes }) => sum + Object.keys(scopes).length, 0);
const encryptBody = z.strictObject({
  app: hex32,
  wallet: hex32,
  events: z
    .array(plainEvent)
    .min(1)
    .max(MOST_ITEMS)
    .refine((events) => countScopes(events) <= MOST_ITEMS, `at most ${MOST_ITEMS} scopes in all`),
});
const sealedScope = z.object({
  salt: z.string().describe('Hex, 16 bytes.'),
  commitment: hex32,
  envelope: z.string().describe('base64url'),
});
const encrypted = z.object({
  subject: hex32,
  rootVersion: z.int().min(1),
  epoch: z.int().min(0),
  events: z.array(z.object({ id: z.string(), scopes: z.record(z.string(), sealedScope) })),
});

const sealedItem = z.strictObject({
  eventId: z.string().max(36),
  scope: z.string().max(64),
  envelope: z.string().describe('base64url'),
});
const decryptBody = z.strictObject({
  app: hex32,
  wallet: hex32,
  rootVersion: z.int().min(1).max(2_147_483_647),
  items: z.array(sealedItem).min(1).max(MOST_ITEMS),
});
const decrypted = z.object({
  items: z.array(
    z.union([
      z.object({ data: z.string(), salt: z.string(), commitment: hex32 }),
      z.object({ code: z.string().describe('`no_key`: no live grant or policy gives it; else why it does not open.') }),
    ]),
  ),
});

const security = [{ token: [] }];
const limit = '2mb';

/** Explicit encryption, for partners that keep their data themselves: raw in, raw out. */
export const cryptoRoutes = ({ authorize, apps, encrypt, decrypt }: CryptoRoutesDeps): Route[] => [
  {
    limit,
    doc: {
      method: 'post',
      path: '/v1/crypto/encrypt',
      tags: ['crypto'],
      summary: 'Encrypt events scope by scope',
      description:
        'Operation `crypto.encrypt`, by the app, or by the wallet where the app is open. Under the keys of the wallet in this app; nothing is stored, signed or charged. At most 2 MiB, and 1,000 scopes in all.',
      security,
      request: jsonBody(encryptBody),
      responses: {
        200: ok('Envelopes in the order of the events, with what commits to them.', encrypted),
        ...BODY_PROBLEMS,
        ...AUTH_PROBLEMS,
        403: problem('`forbidden`, `token_delegated`, `unknown_app`, `app_closed`'),
        409: problem('`client_keys`'),
        410: problem('`erased`'),
        422: problem('`scope`, `data`, `id`: a name that no client may use, or text that is not well-formed.'),
      },
    },
    async handle(request, response) {
      const { app, wallet, events } = checked(encryptBody, request.body);
      const caller = authorize(request, 'crypto.encrypt', app);
      mustBeOwnerOrApp(caller, wallet);
      const owner = { app: fromHex(app, 32), wallet: fromHex(wallet, 32) };
      // A root is made where there is none: not for keys that anybody thought up.
      const known = await apps.find({ hex: app, bytes: owner.app });
      if (!known) throw new ApiProblem('unknown_app');
      if (caller.signer === 'wallet' && !known.open) throw new ApiProblem('app_closed');
      answerJson(response, 200, await encrypt(owner, events));
    },
  },
  {
    limit,
    doc: {
      method: 'post',
      path: '/v1/crypto/decrypt',
      tags: ['crypto'],
      summary: 'Decrypt envelopes',
      description:
        "Operation `crypto.decrypt`: by the app under the wallet's policy, or by a wallet with a certificate that a grant or policy names. What is given is in the wallet's access log. At most 2 MiB and 1,000 envelopes.",
      security,
      request: jsonBody(decryptBody),
      responses: {
        200: ok('One answer per envelope, in order; one that is refused does not fail the others.', decrypted),
        ...BODY_PROBLEMS,
        ...AUTH_PROBLEMS,
      },
    },
    async handle(request, response) {
      const { app, wallet, rootVersion, items } = checked(decryptBody, request.body);
      const caller = authorize(request, 'crypto.decrypt', app);
      if (caller.signer === 'app') mustBeOwnerOrApp(caller, wallet);
      const owner = { app: fromHex(app, 32), wallet: fromHex(wallet, 32) };
      answerJson(response, 200, { items: await decrypt(caller, owner, rootVersion, items) });
    },
  },
];
