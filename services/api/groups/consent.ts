import { z } from 'zod';
import { fromHex, KINDS, toHex, type VerifiedRequest } from '../../../protocol/index.ts';
import type { Consents } from '../../pipeline/ports/consents.ts';
import type { RequestPlace, Requests } from '../../pipeline/ports/requests.ts';
import { answerJson } from '../answer.ts';
import { MOST_CERTIFICATES } from '../auth/askers.ts';
import { type Authorize, mustBeOwner, mustBeOwnerOrApp } from '../auth/bearer.ts';
import { ApiProblem } from '../problems.ts';
import type { SealedKeys } from '../requests/sealed-keys.ts';
import { checked, jsonBody, ok, problem, type Route } from '../route.ts';
import * as shapes from '../shapes.ts';
import { formatPlace, parsePlace } from './access-place.ts';

export interface ConsentRoutesDeps {
  readonly authorize: Authorize;
  readonly requests: Pick<Requests, 'list'>;
  readonly consents: Pick<Consents, 'certificates' | 'accesses'>;
  readonly sealedKeys: SealedKeys;
  readonly now: () => number;
}

const owner = shapes.ownerShape;

/** The JSON form of a request: what anyone can verify again. */
const shown = ({ content: _content, hash: _hash, ...signed }: VerifiedRequest) => signed;

/** What was allowed and given: for the owner, the app, and recipients. */
export const consentRoutes = (deps: ConsentRoutesDeps): Route[] => [
  {
    access: { kind: 'public' },
    doc: {
      method: 'get',
      path: '/v1/certificates/{wallet}',
      tags: ['keys & grants'],
      summary: 'Encryption keys of a wallet',
      description: 'Certificates that have not expired, newest first. Public: whoever grants needs them.',
      request: { params: z.object({ wallet: shapes.addressParam }) },
      responses: {
        200: ok('Signed requests of kind `recipient`.', shapes.certificates),
      },
    },
    async handle(request, response) {
      const wallet = checked(shapes.addressParam, request.params.wallet);
      const all = await deps.consents.certificates(fromHex(wallet, 32));
      const live = all.filter((one) => one.content.expiresAt > deps.now());
      answerJson(response, 200, { certificates: live.map(shown) });
    },
  },
  {
    access: { kind: 'token', operation: 'grants.read', by: ['owner', 'app'] },
    doc: {
      method: 'get',
      path: '/v1/wallets/{wallet}/apps/{app}/grants',
      tags: ['keys & grants'],
      summary: 'Grants and policies of a wallet in an app',
      request: { params: owner, query: shapes.grantQuery },
      responses: {
        200: ok('Newest first; page by page each comes once.', shapes.grantList),
      },
    },
    async handle(request, response) {
      const { wallet, app } = checked(owner, request.params);
      const { after, limit = 100 } = checked(shapes.grantQuery, request.query);
      mustBeOwnerOrApp(deps.authorize(request, 'grants.read', app), wallet);
      const of = { app: fromHex(app, 32), wallet: fromHex(wallet, 32) };
      const list = await deps.requests.list(of, { ...(after === undefined ? {} : { after: placeOf(after) }), limit });
      const last = list.length === limit ? list.at(-1)?.request : undefined;
      const grants = list.map(({ request: one, revoked, replaced }) => {
        const expired = one.content.expiresAt <= deps.now();
        const state = revoked ? 'revoked' : replaced ? 'replaced' : expired ? 'expired' : 'live';
        return { state, request: shown(one), content: readable(one) };
      });
      answerJson(response, 200, { grants, next: last ? `${last.issuedAt}.${last.id}` : null });
    },
  },
  {
    access: { kind: 'token', operation: 'access.read', by: ['owner'] },
    doc: {
      method: 'get',
      path: '/v1/wallets/{wallet}/apps/{app}/access-log',
      tags: ['keys & grants'],
      summary: 'Every key that was handed out',
      description: 'One entry per reader, scope, root version, epoch and reason.',
      request: { params: owner, query: shapes.accessQuery },
      responses: {
        200: ok('Those first given last in front; page by page each comes once.', shapes.accessLog),
      },
    },
    async handle(request, response) {
      const { wallet, app } = checked(owner, request.params);
      const { after, limit = 100 } = checked(shapes.accessQuery, request.query);
      mustBeOwner(deps.authorize(request, 'access.read', app), wallet);
      const of = { app: fromHex(app, 32), wallet: fromHex(wallet, 32) };
      const place = after === undefined ? {} : { after: parsePlace(after) };
      const accesses = await deps.consents.accesses(of, { ...place, limit });
      const last = accesses.length === limit ? accesses.at(-1) : undefined;
      answerJson(response, 200, {
        next: last ? formatPlace(last) : null,
        accesses: accesses.map(({ app: _app, wallet: _wallet, ...entry }) => entry),
      });
    },
  },
  {
    access: { kind: 'token', operation: 'keys.fetch', by: ['reader'] },
    doc: {
      method: 'post',
      path: '/v1/keys/fetch',
      tags: ['keys & grants'],
      summary: 'Keys that were granted to the caller',
      description:
        "The token is the recipient's own, for this app. Keys are sealed to the caller's registered certificates that have not expired: to the newest 8 of them.",
      request: jsonBody(shapes.keyFetch),
      responses: {
        200: ok('What live grants and policies give.', shapes.sealedKeys),
        410: problem('`erased`'),
        413: problem('`payload_too_large`, `too_many_keys`'),
      },
    },
    async handle(request, response) {
      const { app, wallet, scopes } = checked(shapes.keyFetch, request.body);
      const caller = deps.authorize(request, 'keys.fetch', app);
      if (caller.signer !== 'wallet') throw new ApiProblem('forbidden');
      const certificates = await deps.consents.certificates(fromHex(caller.wallet, 32));
      const live = certificates.filter((one) => one.content.expiresAt > deps.now()).slice(0, MOST_CERTIFICATES);
      const readers = live.map((certificate) => ({ name: `wallet:${caller.wallet}`, asker: { certificate } }));
      const keys = await deps.sealedKeys({ app: fromHex(app, 32), wallet: fromHex(wallet, 32) }, readers, scopes);
      answerJson(response, 200, { keys });
    },
  },
];

function placeOf(after: string): RequestPlace {
  const [issuedAt = '', id = ''] = after.split('.');
  return { issuedAt: Number(issuedAt), id };
}

/** A body as JSON can show it. */
function readable({ kind, content }: VerifiedRequest): Record<string, unknown> {
  const show = (value: unknown): unknown =>
    value instanceof Uint8Array ? toHex(value) : Array.isArray(value) ? value.map(show) : value;
  return Object.fromEntries(
    Object.keys(KINDS[kind].fields).map((name) => [name, show((content as Record<string, unknown>)[name])]),
  );
}
