import type { IncomingMessage, ServerResponse } from 'node:http';
import { toHex } from '../../protocol/index.ts';
import type { Clock } from '../pipeline/clock.ts';
import type { AcceptBatch } from './accept-batch.ts';
import { answerJson, answerProblem, discardRest } from './answer.ts';
import type { Auth } from './auth/bearer.ts';
import type { BodyBudget } from './body-budget.ts';
import { encodingOf, formatOf } from './content.ts';
import type { Cors } from './guard/cors.ts';
import type { LoadGate } from './limits/load-gate.ts';
import { rateLimitHeaders } from './limits/rate-limit-headers.ts';
import type { Turns } from './limits/turns.ts';
import { asBatch } from './one-event.ts';
import { ApiProblem } from './problems.ts';
import { type Body, ClientGone, readBody } from './read-body.ts';
import type { Telemetry } from './telemetry.ts';

export const BATCHES_PATH = '/v1/batches';
export const EVENTS_PATH = '/v1/events';

export interface BatchRouteDeps {
  readonly accept: AcceptBatch;
  readonly auth: Pick<Auth, 'appToken'>;
  readonly budget: BodyBudget;
  readonly load: LoadGate;
  readonly turns: Turns;
  readonly cors: Pick<Cors, 'narrow'>;
  readonly telemetry: Telemetry;
  readonly clock: Pick<Clock, 'now'>;
}

/** Whether a URL is one of the two that take what users sign. */
export const isBatchRoute = (url: string): boolean => pathOf(url) === BATCHES_PATH || pathOf(url) === EVENTS_PATH;

const pathOf = (url: string): string => {
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
};

/** `POST /v1/batches`, and `POST /v1/events` for a batch of one, on bare node:http: at batches of one the framework would cost as much as the signature. */
export function createBatchRoute({ accept, auth, budget, load, turns, cors, telemetry, clock }: BatchRouteDeps) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const one = pathOf(request.url ?? '') === EVENTS_PATH;
    let body: Body | undefined;
    let leave: (() => void) | undefined;
    try {
      if (request.method !== 'POST') throw new ApiProblem('method_not_allowed', { allow: 'POST' });
      const format = formatOf(request.headers['content-type']);
      if (one && format !== 'json') throw new ApiProblem('content_type');
      // Before a byte of the body is read.
      const token = auth.appToken(request, 'authorization');
      const encoding = encodingOf(request.headers['content-encoding']);
      // Under overload the cheapest refusal is the one that reads nothing; what came meanwhile is judged once more.
      load.check();
      body = await readBody(request, encoding, budget);
      leave = load.enter(body.bytes.length);
      const since = clock.now();
      await turns.next();
      const signed = one ? asBatch(body.bytes) : body.bytes;
      const found = await accept(signed, format, token, (app) => cors.narrow(request, response, app));
      const { batchId, partition, offset, count, known, eventId, limits } = found;
      const place = { batchId: toHex(batchId), partition, offset };
      answerJson(response, 202, one ? { ...place, eventId } : place, rateLimitHeaders(limits));
      telemetry.accepted(one ? 'events' : 'batches', count, known, (clock.now() - since) / 1000);
    } catch (error) {
      if (error instanceof ClientGone) return;
      discardRest(request);
      telemetry.refused(one ? 'events' : 'batches', answerProblem(response, error), error);
    } finally {
      leave?.();
      body?.release();
    }
  };
}
