import { fromHex } from '../../../protocol/index.ts';
import { outOfBounds } from '../../pipeline/exports/bounds.ts';
import { type DeclareEdges, declareExport, judgeDeclaration } from '../../pipeline/exports/declare.ts';
import { isNothing, mayRead } from '../../pipeline/exports/may-read.ts';
import { isFor, notOffered } from '../../pipeline/exports/offered.ts';
import { readDeclaration } from '../../pipeline/exports/shape.ts';
import type { ExportOffer } from '../../pipeline/ports/export-offers.ts';
import type { DeclaredExport } from '../../pipeline/ports/exports.ts';
import { answerJson } from '../answer.ts';
import { mustBeApp } from '../auth/bearer.ts';
import * as exportShapes from '../export-shapes.ts';
import { ApiProblem } from '../problems.ts';
import { checked, jsonBody, ok, problem, type Route } from '../route.ts';
import { ownerShape } from '../shapes.ts';
import { type ExportRoutesDeps, orProblem } from './exports.ts';

const params = ownerShape.pick({ app: true });

/** What an app lets partners attach, and a partner that attaches. */
export function offerRoutes(
  { exports, authorize, consents, now }: ExportRoutesDeps,
  declare: DeclareEdges,
  viewOf: (declared: DeclaredExport) => Promise<object>,
): Route[] {
  return [
    {
      access: { kind: 'public' },
      doc: {
        method: 'get',
        path: '/v1/apps/{app}/export-offer',
        tags: ['exports'],
        summary: 'What partners may attach to an app',
        request: { params },
        responses: { 200: ok('Of an app that offers nothing, without scopes.', exportShapes.offerView) },
      },
      async handle(request, response) {
        const { app } = checked(params, request.params);
        const { app: _app, ...offer } = (await exports.offers.find(fromHex(app, 32))) ?? NOTHING;
        answerJson(response, 200, offer);
      },
    },
    {
      access: { kind: 'token', operation: 'exports.write', by: ['app'] },
      doc: {
        method: 'post',
        path: '/v1/apps/{app}/export-offer',
        tags: ['exports'],
        summary: 'Say what partners may attach',
        description: 'Replaces the offer before. What is attached stays until it is paused or removed.',
        request: { params, ...jsonBody(exportShapes.offer) },
        responses: { 200: ok('As it is now.', exportShapes.offerView) },
      },
      async handle(request, response) {
        const { app } = checked(params, request.params);
        mustBeApp(authorize(request, 'exports.write', app));
        const offer = checked(exportShapes.offer, request.body);
        await exports.offers.put({ ...offer, app: fromHex(app, 32) });
        answerJson(response, 200, offer);
      },
    },
    {
      access: { kind: 'token', operation: 'exports.attach', by: ['reader'] },
      doc: {
        method: 'post',
        path: '/v1/apps/{app}/attached-exports',
        tags: ['exports'],
        summary: 'Attach an export to an app, as a partner',
        description:
          'Within what the app offers and the operator allows. It reads what wallets have granted to a certified key of the caller, now and as grants come and go; events of which nothing was granted give no row. The app sees it and may end it, and so may the caller.',
        request: { params, ...jsonBody(exportShapes.declaration) },
        responses: {
          201: ok('It begins within seconds.', exportShapes.exportView),
          403: problem('`no_offer`, `nothing_granted`'),
          422: problem('`bad_declaration`'),
        },
      },
      async handle(request, response) {
        const { app } = checked(params, request.params);
        const caller = authorize(request, 'exports.attach', app);
        if (caller.signer !== 'wallet') throw new ApiProblem('forbidden');
        const by = `wallet:${caller.wallet}` as const;
        const bytes = fromHex(app, 32);
        const offer = await exports.offers.find(bytes);
        if (!offer || !isFor(offer, caller.wallet, now())) throw new ApiProblem('no_offer');
        const wanted = readDeclaration(request.body).said.scopes ?? [];
        const readable = await mayRead(
          consents,
          { app: bytes, scopes: wanted.length > 0 ? wanted : offer.scopes, by },
          now(),
        );
        if (isNothing(readable)) throw new ApiProblem('nothing_granted');
        const bounds: DeclareEdges['bounds'] = async (said) => [
          ...(await outOfBounds(exports, { by, app }, said)),
          ...notOffered(offer, said),
        ];
        await orProblem(async () => {
          const judged = await judgeDeclaration({ ...declare, bounds }, app, request.body, by);
          answerJson(response, 201, await viewOf(await declareExport(declare, judged, 'running')));
        });
      },
    },
  ];
}

const NOTHING: ExportOffer = {
  app: new Uint8Array(),
  scopes: [],
  types: null,
  sinks: [],
  partners: null,
  expiresAt: 0,
};
