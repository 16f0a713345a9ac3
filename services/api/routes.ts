import express, { type ErrorRequestHandler, type Express, type Request, type RequestHandler } from 'express';
import type { z } from 'zod';
import { fromHex } from '../../protocol/index.ts';
import type { Metrics } from '../pipeline/metrics.ts';
import type { IndexStore } from '../pipeline/ports/index-store.ts';
import type { Positions } from '../pipeline/ports/positions.ts';
import { answerJson, answerProblem } from './answer.ts';
import type { BatchStatuses } from './batch-status.ts';
import { docsPage } from './docs-page.ts';
import { openApiDocument } from './openapi.ts';
import { positionsView } from './positions-view.ts';
import { ApiProblem } from './problems.ts';
import { batchIdShape, statusRequest } from './shapes.ts';
import type { Telemetry } from './telemetry.ts';

export interface RouteDeps {
  readonly statuses: BatchStatuses;
  readonly positions: Pick<Positions, 'load'>;
  readonly index: Pick<IndexStore, 'checkpoints'>;
  readonly partitions: number;
  readonly metrics: Metrics;
  readonly telemetry: Telemetry;
  readonly ready: () => boolean;
  readonly version: string;
}

/** Everything but `POST /v1/batches`. */
export function createRoutes(deps: RouteDeps): Express {
  const app = express();
  app.disable('x-powered-by').disable('etag');
  const document = openApiDocument(deps.version);
  const json: RequestHandler[] = [jsonOnly, express.json({ limit: '128kb', strict: true })];

  route(app, '/livez', { get: [(_request, response) => void response.type('text').send('ok\n')] });
  route(app, '/readyz', {
    get: [
      (_request, response) => {
        const ready = deps.ready();
        response
          .status(ready ? 200 : 503)
          .type('text')
          .send(ready ? 'ready\n' : 'not ready\n');
      },
    ],
  });
  route(app, '/metrics', {
    get: [
      async (_request, response) => {
        response.type(deps.metrics.contentType).send(await deps.metrics.text());
      },
    ],
  });
  route(app, '/openapi.json', { get: [(_request, response) => answerJson(response, 200, document)] });
  route(app, '/v1/positions', {
    get: [async (_request, response) => answerJson(response, 200, await positionsView(deps))],
  });
  route(app, '/v1/batches/status', {
    post: [
      ...json,
      async (request, response) => {
        const { ids } = checked(statusRequest, request.body);
        const batches = await deps.statuses(ids.map((id) => fromHex(id, 32)));
        answerJson(response, 200, { batches });
        deps.telemetry.answered('status', 200);
      },
    ],
  });
  route(app, '/v1/batches/:id', {
    get: [
      async (request, response) => {
        const id = checked(batchIdShape, request.params.id);
        const [status] = await deps.statuses([fromHex(id, 32)]);
        if (!status || status.outcome === 'unknown') throw new ApiProblem('unknown_batch');
        answerJson(response, 200, status);
        deps.telemetry.answered('batch', 200);
      },
    ],
  });
  app.use('/docs', docsPage());
  app.use(() => {
    throw new ApiProblem('not_found');
  });
  app.use(refuse(deps.telemetry));
  return app;
}

/** One address and the methods that it takes; any other method is told which. */
function route(app: Express, path: string, methods: { get?: RequestHandler[]; post?: RequestHandler[] }): void {
  if (methods.get) app.get(path, ...methods.get);
  if (methods.post) app.post(path, ...methods.post);
  const allow = [methods.get ? 'GET, HEAD' : [], methods.post ? 'POST' : []].flat().join(', ');
  app.all(path, () => {
    throw new ApiProblem('method_not_allowed', { allow });
  });
}

const jsonOnly: RequestHandler = (request: Request, _response, next) => {
  if (!request.is('application/json')) throw new ApiProblem('content_type');
  next();
};

function checked<T>(shape: z.ZodType<T>, value: unknown): T {
  const parsed = shape.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = issue && issue.path.length > 0 ? `${issue.path.join('.')}: ` : '';
  throw new ApiProblem('invalid', { detail: `${where}${issue?.message ?? 'not as described'}` });
}

/** Express knows an error handler by its four parameters. */
const refuse =
  (telemetry: Telemetry): ErrorRequestHandler =>
  (error, request, response, _next) => {
    request.resume();
    telemetry.refused('other', answerProblem(response, error), error);
  };
