import type { Request } from 'express';
import { z } from 'zod';
import { toHex } from '../../../protocol/index.ts';
import type { Clock, Random } from '../../pipeline/clock.ts';
import { outOfBounds } from '../../pipeline/exports/bounds.ts';
import { BadDeclaration } from '../../pipeline/exports/problem.ts';
import type { ReplayJob, Replays } from '../../pipeline/ports/replays.ts';
import {
  judgeReplay,
  makeReplay,
  type ReplayedExport,
  replayedOf,
  type UntilsEdges,
  untilsOf,
} from '../../pipeline/replays/declare.ts';
import { ReplayRefused } from '../../pipeline/replays/job.ts';
import { orderReplay } from '../../pipeline/replays/order.ts';
import { type PlanEdges, planReplay } from '../../pipeline/replays/plan.ts';
import { viewReplay } from '../../pipeline/replays/view.ts';
import { answerJson } from '../answer.ts';
import { type Authorize, mustBeApp } from '../auth/bearer.ts';
import type { Operation } from '../auth/operations.ts';
import { ApiProblem } from '../problems.ts';
import * as shapes from '../replay-shapes.ts';
import { checked, jsonBody, ok, problem, type Route } from '../route.ts';
import { ownerShape } from '../shapes.ts';
import type { ApiExports } from './exports.ts';

/** What the API has of replays: jobs are kept here, and worked on by whoever runs exports. */
export interface ApiReplays {
  readonly store: Replays;
  readonly plan: PlanEdges;
}

export interface ReplayRoutesDeps extends UntilsEdges {
  readonly authorize: Authorize;
  readonly replays: ApiReplays;
  readonly exports: Pick<ApiExports, 'store' | 'judgeSink' | 'bounds' | 'membersOf'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly random: Pick<Random, 'bytes'>;
}

const LISTED = 100;
const params = ownerShape.pick({ app: true });
const ofOne = params.extend({ replay: shapes.replayId });
const query = z.strictObject({
  dryRun: z.enum(['true', 'false']).optional().describe('`true`: judged, and told what would be read from where.'),
});

/** Replays of an app: asked for, watched, paused, resumed, cancelled. */
export function replayRoutes(deps: ReplayRoutesDeps): Route[] {
  const { authorize, exports, clock, random } = deps;
  const { store, plan } = deps.replays;
  const viewOf = (job: ReplayJob) => viewReplay(job, clock.now());

  async function exportOf(name: string): Promise<ReplayedExport | null> {
    const found = await exports.store.find(name);
    return found && replayedOf(found);
  }

  function appOf(request: Request, operation: Operation): string {
    const { app } = checked(params, { app: request.params.app });
    mustBeApp(authorize(request, operation, app));
    return app;
  }

  /** The job of this id, if it is of the caller's app. @throws ApiProblem `unknown_replay` */
  async function jobOf(request: Request, operation: Operation): Promise<ReplayJob> {
    const { replay: id } = checked(ofOne, request.params);
    const app = appOf(request, operation);
    const found = await store.find(id);
    if (found?.job.spec.app !== app) throw new ApiProblem('unknown_replay');
    return found.job;
  }

  const order = (kind: 'pause' | 'resume' | 'cancel', summary: string, description: string): Route => ({
    access: { kind: 'token', operation: 'exports.write', by: ['app'] },
    doc: {
      method: 'post',
      path: `/v1/apps/{app}/replays/{replay}/${kind}`,
      tags: ['replays'],
      summary,
      description,
      request: { params: ofOne },
      responses: {
        200: ok('As it is now; whoever works on it follows within seconds.', shapes.replayView),
        404: problem('`unknown_replay`'),
        409: problem('`replay_state`'),
      },
    },
    async handle(request, response) {
      const { id } = await jobOf(request, 'exports.write');
      try {
        answerJson(response, 200, viewOf(await orderReplay({ replays: store, clock }, id, { kind })));
      } catch (error) {
        if (error instanceof ReplayRefused) throw new ApiProblem('replay_state', { detail: error.message });
        throw error;
      }
    },
  });

  return [
    {
      access: { kind: 'token', operation: 'exports.read', by: ['app'] },
      doc: {
        method: 'get',
        path: '/v1/apps/{app}/replays',
        tags: ['replays'],
        summary: 'Replays of an app, and how far they are',
        description: `The last made first, ${LISTED} at most; those of the operator among them.`,
        request: { params },
        responses: { 200: ok('Now.', shapes.replayList) },
      },
      async handle(request, response) {
        const found = await store.list(LISTED, appOf(request, 'exports.read'));
        answerJson(response, 200, { replays: found.map(({ job }) => viewOf(job)) });
      },
    },
    {
      access: { kind: 'token', operation: 'exports.write', by: ['app'] },
      doc: {
        method: 'post',
        path: '/v1/apps/{app}/replays',
        tags: ['replays'],
        summary: 'Replay what was pinned',
        description:
          'A job that reads everything up to now again, from Kafka while it is retained there and from IPFS before that, and hands on the rows that a live export would: with grants, erasures and removals as they are while it runs. Judged as a whole, like an export, and within the same bounds. It goes on by itself, also over restarts.',
        request: { params, query, ...jsonBody(shapes.replay) },
        responses: {
          200: ok('With `dryRun`: nothing is wrong with it, and this is what it would read.', shapes.replayPlan),
          201: ok('It begins within seconds.', shapes.replayView),
          422: problem('`bad_replay`'),
        },
      },
      async handle(request, response) {
        const app = appOf(request, 'exports.write');
        const { dryRun } = checked(query, request.query);
        const edges = {
          ...{ exportOf, judgeSink: exports.judgeSink, replays: store },
          bounds: (target: { sink: string; config: Readonly<Record<string, unknown>> }) =>
            outOfBounds(exports, { by: 'app', app }, { sink: target.sink, config: { ...target.config } }),
        };
        const spec = await judgeReplay(edges, app, request.body, 'app').catch((error: unknown) => {
          if (error instanceof BadDeclaration) throw new ApiProblem('bad_replay', { problems: error.problems });
          throw error;
        });
        if (dryRun === 'true') {
          const partitions = await planReplay(plan, spec, await untilsOf(deps, spec));
          answerJson(response, 200, { valid: true, partitions });
          return;
        }
        const making = { ...deps, replays: store, now: () => clock.now() };
        answerJson(response, 201, viewOf(await makeReplay(making, toHex(random.bytes(4)), spec)));
      },
    },
    {
      access: { kind: 'token', operation: 'exports.read', by: ['app'] },
      doc: {
        method: 'get',
        path: '/v1/apps/{app}/replays/{replay}',
        tags: ['replays'],
        summary: 'One replay, and how far it is',
        request: { params: ofOne },
        responses: { 200: ok('Now.', shapes.replayView), 404: problem('`unknown_replay`') },
      },
      async handle(request, response) {
        answerJson(response, 200, viewOf(await jobOf(request, 'exports.read')));
      },
    },
    order('pause', 'Let a replay rest', 'What the target has got it keeps.'),
    order('resume', 'Let a replay go on', 'One that was paused, or has failed once its reason is mended.'),
    order('cancel', 'End a replay', 'What the target has got it keeps; a later removal does not reach it.'),
  ];
}
