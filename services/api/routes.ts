import express, { type ErrorRequestHandler, type Express } from 'express';
import { answerJson, answerProblem, discardRest } from './answer.ts';
import type { Audit } from './audit.ts';
import { docsPage } from './docs-page.ts';
import { auditRoutes } from './guard/audited.ts';
import { openApiDocument } from './openapi.ts';
import { ApiProblem } from './problems.ts';
import { type MountDeps, mount, type Route } from './route.ts';
import type { Telemetry } from './telemetry.ts';

export interface RouteDeps extends MountDeps {
  /** Of all groups. */
  readonly routes: readonly Route[];
  readonly telemetry: Telemetry;
  readonly audit: Audit;
  readonly version: string;
  /** Script of the page /docs; null: Swagger UI alone. */
  readonly docsPanel: string | null;
}

/** Everything but `POST /v1/batches`, with the document made from the same routes. */
export function createRoutes({ routes, telemetry, audit, version, docsPanel, ...deps }: RouteDeps): Express {
  const app = express();
  app.disable('x-powered-by').disable('etag');
  app.use(auditRoutes(routes, audit, deps.callers));
  mount(app, routes, deps);
  const document = openApiDocument(routes, version);
  app.get('/openapi.json', (_request, response) => answerJson(response, 200, document));
  app.all('/openapi.json', () => {
    throw new ApiProblem('method_not_allowed', { allow: 'GET, HEAD' });
  });
  app.use('/docs', docsPage(docsPanel));
  app.use(() => {
    throw new ApiProblem('not_found');
  });
  app.use(refuse(telemetry));
  return app;
}

/** Express knows an error handler by its four parameters. */
const refuse =
  (telemetry: Telemetry): ErrorRequestHandler =>
  (error, request, response, _next) => {
    discardRest(request);
    telemetry.refused('other', answerProblem(response, error), error);
  };
