import type { Request } from 'express';
import { z } from 'zod';
import { fromHex, toHex } from '../../../protocol/index.ts';
import { type BoundsEdges, outOfBounds } from '../../pipeline/exports/bounds.ts';
import { type DeclareEdges, declareExport, judgeDeclaration } from '../../pipeline/exports/declare.ts';
import { mayRead } from '../../pipeline/exports/may-read.ts';
import { isFor, notOffered } from '../../pipeline/exports/offered.ts';
import { BadDeclaration } from '../../pipeline/exports/problem.ts';
import { whatStays } from '../../pipeline/exports/stays.ts';
import { type ExportView, type ViewEdges, viewExports } from '../../pipeline/exports/view.ts';
import type { Consents } from '../../pipeline/ports/consents.ts';
import type { ExportOffers } from '../../pipeline/ports/export-offers.ts';
import type { DeclaredExport, Exports } from '../../pipeline/ports/exports.ts';
import type { Replays } from '../../pipeline/ports/replays.ts';
import { ExportReplayed, resumeExport } from '../../pipeline/replays/into.ts';
import type { AddressOf } from '../addresses.ts';
import { answerJson } from '../answer.ts';
import type { AppRegister } from '../app-register.ts';
import { type Authorize, mustBeApp } from '../auth/bearer.ts';
import type { Operation } from '../auth/operations.ts';
import * as exportShapes from '../export-shapes.ts';
import { ApiProblem } from '../problems.ts';
import { checked, jsonBody, ok, problem, type Route } from '../route.ts';
import { ownerShape } from '../shapes.ts';
import { offerRoutes } from './export-offers.ts';

/** What the API has of declared exports. */
export interface ApiExports extends BoundsEdges {
  readonly store: Exports;
  readonly judgeSink: DeclareEdges['judgeSink'];
  readonly startsOf: DeclareEdges['startsOf'];
  /** For the lag: ends of `received`. */
  readonly log: ViewEdges['log'];
  readonly offers: ExportOffers;
}

export interface ExportRoutesDeps {
  readonly authorize: Authorize;
  readonly exports: ApiExports;
  readonly replays: Pick<Replays, 'intoExports'>;
  readonly apps: Pick<AppRegister, 'find'>;
  readonly consents: Pick<Consents, 'owners' | 'of' | 'certificates'>;
  readonly addressOf: AddressOf;
  /** Full name of `received`. */
  readonly topic: string;
  readonly partitions: number;
  readonly now: () => number;
}

type Caller = ReturnType<Authorize>;

const params = ownerShape.pick({ app: true });
const named = params.extend({
  name: z
    .string()
    .regex(/^[a-z0-9-]{1,64}$/, 'must be a–z, 0–9 and -')
    .describe('Of the export.'),
});
const query = z.strictObject({
  dryRun: z.enum(['true', 'false']).optional().describe('`true`: judged, and not declared.'),
  paused: z
    .enum(['true', 'false'])
    .optional()
    .describe('`true`: declared, and not begun: to be filled by a replay first.'),
});

/** Exports of an app: declared, watched, paused, removed. */
export function exportRoutes(deps: ExportRoutesDeps): Route[] {
  const { exports, authorize, now } = deps;
  const viewEdges: ViewEdges = {
    ...{ exports: exports.store, log: exports.log, now },
    ...{ received: deps.topic, partitions: deps.partitions },
  };
  const shown = (view: ExportView) => ({ ...view, address: deps.addressOf(view.app) });
  const viewOf = async (declared: DeclaredExport) => {
    const [view] = await viewExports(viewEdges, [declared]);
    return shown(view as ExportView);
  };

  /** The app, or a partner. */
  function callerOf(request: Request, operation: Operation, app: string): Caller {
    const caller = authorize(request, operation, app);
    if (caller.signer !== 'wallet') mustBeApp(caller);
    return caller;
  }

  /** The app deals with all of its own exports, a partner with those that it has attached. */
  const isTheirs = (caller: Caller, { by }: DeclaredExport): boolean =>
    caller.signer !== 'wallet' || by === `wallet:${caller.wallet}`;

  /** The export of this name, if it is one of the caller's. @throws ApiProblem `unknown_export` */
  async function exportOf(request: Request, operation: Operation) {
    const { app, name } = checked(named, request.params);
    const caller = callerOf(request, operation, app);
    const declared = await exports.store.find(name);
    if (declared && toHex(declared.app) === app && isTheirs(caller, declared)) return { caller, declared };
    throw new ApiProblem('unknown_export');
  }

  /** A partner goes on with what the app offers now; the app itself lets go on what it likes. @throws ApiProblem `no_offer` */
  async function stillOffered(caller: Caller, declared: DeclaredExport): Promise<void> {
    if (caller.signer !== 'wallet') return;
    const offer = await exports.offers.find(declared.app);
    if (!offer || !isFor(offer, caller.wallet, now())) throw new ApiProblem('no_offer');
    const [problem] = notOffered(offer, declared);
    if (problem) throw new ApiProblem('no_offer', { detail: `${problem.path}: ${problem.message}` });
  }

  const declare: DeclareEdges = {
    apps: { find: (bytes) => deps.apps.find({ hex: toHex(bytes), bytes }) },
    exports: exports.store,
    judgeSink: exports.judgeSink,
    membersOf: exports.membersOf,
    startsOf: exports.startsOf,
    now,
  };

  async function resume(declared: DeclaredExport): Promise<DeclaredExport | null> {
    try {
      return await resumeExport({ exports: exports.store, replays: deps.replays, now }, declared);
    } catch (error) {
      if (error instanceof ExportReplayed) throw new ApiProblem(error.code, { detail: error.message });
      throw error;
    }
  }

  const change = (what: 'pause' | 'resume', summary: string): Route => ({
    access: { kind: 'token', operation: 'exports.write', by: ['app', 'reader'] },
    doc: {
      method: 'post',
      path: `/v1/apps/{app}/exports/{name}/${what}`,
      tags: ['exports'],
      summary,
      request: { params: named },
      responses: {
        200: ok('As it is now; its process follows within seconds.', exportShapes.exportView),
        ...(what === 'resume' ? { 403: problem('`no_offer`: a partner goes on with what the app offers now') } : {}),
        404: problem('`unknown_export`'),
        409: problem(what === 'resume' ? '`export_ending`, `export_replayed`' : '`export_ending`'),
      },
    },
    async handle(request, response) {
      const { caller, declared } = await exportOf(request, 'exports.write');
      if (what === 'resume') await stillOffered(caller, declared);
      const pause = () => exports.store.setState(declared.id, 'paused');
      const changed = await (what === 'resume' ? resume(declared) : pause());
      if (!changed) throw new ApiProblem('unknown_export');
      if (changed.state === 'ending') throw new ApiProblem('export_ending');
      answerJson(response, 200, await viewOf(changed));
    },
  });

  return [
    {
      access: { kind: 'token', operation: 'exports.read', by: ['app', 'reader'] },
      doc: {
        method: 'get',
        path: '/v1/apps/{app}/exports',
        tags: ['exports'],
        summary: 'Exports of an app, and how far they are',
        description:
          'In the order of their names; those that the operator and partners have declared among them. A partner sees those that it has attached.',
        request: { params },
        responses: {
          200: ok('All of them: a deployment has 20 at most, 5 of one app or partner.', exportShapes.exportList),
        },
      },
      async handle(request, response) {
        const { app } = checked(params, request.params);
        const caller = callerOf(request, 'exports.read', app);
        const all = await exports.store.list(fromHex(app, 32));
        const theirs = all.filter((one) => isTheirs(caller, one));
        const views = await viewExports(viewEdges, theirs);
        answerJson(response, 200, { exports: views.map(shown) });
      },
    },
    {
      access: { kind: 'token', operation: 'exports.write', by: ['app'] },
      doc: {
        method: 'post',
        path: '/v1/apps/{app}/exports',
        tags: ['exports'],
        summary: 'Declare an export',
        description:
          'Judged as a whole: the refusal names everything that is wrong. Only sinks that the operator allows, files only below the folder of the app, and of secrets only those that the operator keeps for the app. A declaration is never changed: remove it, and declare another.',
        request: { params, query, ...jsonBody(exportShapes.declaration) },
        responses: {
          200: ok('With `dryRun`: nothing is wrong with it.', exportShapes.judged),
          201: ok('It begins within seconds.', exportShapes.exportView),
          422: problem('`bad_declaration`'),
        },
      },
      async handle(request, response) {
        const { app } = checked(params, request.params);
        const { dryRun, paused } = checked(query, request.query);
        mustBeApp(authorize(request, 'exports.write', app));
        const bounds: DeclareEdges['bounds'] = (said) => outOfBounds(exports, { by: 'app', app }, said);
        const edges = { ...declare, bounds };
        await orProblem(async () => {
          const judged = await judgeDeclaration(edges, app, request.body, 'app');
          if (dryRun === 'true') answerJson(response, 200, { valid: true, starts: judged.starts });
          else {
            const state = paused === 'true' ? 'paused' : 'running';
            answerJson(response, 201, await viewOf(await declareExport(edges, judged, state)));
          }
        });
      },
    },
    {
      access: { kind: 'token', operation: 'exports.read', by: ['app', 'reader'] },
      doc: {
        method: 'get',
        path: '/v1/apps/{app}/exports/{name}',
        tags: ['exports'],
        summary: 'One export, how far it is, and what it may read',
        request: { params: named },
        responses: { 200: ok('Now.', exportShapes.exportPage), 404: problem('`unknown_export`') },
      },
      async handle(request, response) {
        const { declared } = await exportOf(request, 'exports.read');
        const view = await viewOf(declared);
        answerJson(response, 200, { ...view, mayRead: await mayRead(deps.consents, declared, now()) });
      },
    },
    ...offerRoutes(deps, declare, viewOf),
    change('pause', 'Stop an export; its position stays'),
    change('resume', 'Let a paused export go on where it was'),
    {
      access: { kind: 'token', operation: 'exports.write', by: ['app', 'reader'] },
      doc: {
        method: 'post',
        path: '/v1/apps/{app}/exports/{name}/remove',
        tags: ['exports'],
        summary: 'Remove an export',
        description:
          'Its process is stopped, replays into it are cancelled, then it is forgotten. What it has delivered stays in the target.',
        request: { params: named },
        responses: { 202: ok('It is ending.', exportShapes.removing), 404: problem('`unknown_export`') },
      },
      async handle(request, response) {
        const { declared } = await exportOf(request, 'exports.write');
        const view = await viewOf(declared);
        await exports.store.setState(declared.id, 'ending');
        answerJson(response, 202, { name: declared.name, state: 'ending', stays: whatStays(view) });
      },
    },
  ];
}

/** A declaration that is refused, as the API says it. */
export async function orProblem(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof BadDeclaration) throw new ApiProblem('bad_declaration', { problems: error.problems });
    throw error;
  }
}
