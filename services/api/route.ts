import type { RouteConfig } from '@asteasolutions/zod-to-openapi';
import type { Express, Request, RequestHandler, Response } from 'express';
import { z } from 'zod';
import { countAnswer } from './answer.ts';
import type { Tokens } from './auth/bearer.ts';
import type { BodyBudget } from './body-budget.ts';
import { mustBeJson, readJson } from './json-body.ts';
import { ApiProblem } from './problems.ts';
import { ClientGone } from './read-body.ts';
import * as shapes from './shapes.ts';

/** One operation: what the document says of it, and what it does. */
export interface Route {
  readonly doc: RouteConfig;
  /** Absent: served before express (`POST /v1/batches`). */
  readonly handle?: (request: Request, response: Response) => Promise<void> | void;
  /** Largest JSON body, bytes. Default 128 KiB. */
  readonly limit?: number;
}

const SMALL_BODY = 128 * 1024;
const problemContent = { 'application/problem+json': { schema: shapes.problem } };

/** Building blocks of what a route may answer. */
export const problem = (description: string) => ({ description, content: problemContent });
export const ok = (description: string, schema: z.ZodType) => ({
  description,
  content: { 'application/json': { schema } },
});
export const text = (description: string) => ({ description, content: { 'text/plain': { schema: z.string() } } });
export const jsonBody = (schema: z.ZodType) => ({
  body: { required: true, content: { 'application/json': { schema } } },
});
export const RETRY_LATER = {
  429: problem('`wallet_rate`: wait as Retry-After says.'),
  503: problem('`overloaded`, `unavailable`, `stopping`: wait as Retry-After says and send the same bytes again.'),
};
/** What every route that takes a token may answer. */
export const AUTH_PROBLEMS = { 401: problem('`unauthorized`'), 403: problem('`forbidden`, `token_delegated`') };
/** What every route with a JSON body may answer. */
export const BODY_PROBLEMS = {
  400: problem('`malformed_json`, `invalid`'),
  413: problem('`payload_too_large`'),
  415: problem('`content_type`'),
  503: RETRY_LATER[503],
};

export interface MountDeps {
  /** What bodies and large answers share with batches. */
  readonly budget: BodyBudget;
  /** Checks the token of a request. */
  readonly tokens: Tokens;
}

/** Each address takes the methods of its routes; any other method is told which. */
export function mount(app: Express, routes: readonly Route[], deps: MountDeps): void {
  app.use((_request, response, next) => {
    countAnswer(response, deps.budget);
    next();
  });
  const byPath = new Map<string, Route[]>();
  for (const route of routes) byPath.set(route.doc.path, [...(byPath.get(route.doc.path) ?? []), route]);
  for (const [path, those] of byPath) {
    if (those.some((route) => !route.handle)) continue;
    const address = path.replaceAll(/\{(\w+)\}/g, ':$1');
    for (const route of those) {
      if (!route.handle) continue;
      if (route.doc.method === 'get') app.get(address, route.handle);
      else app.post(address, withBody(route, route.handle, deps));
    }
    const allow = those.map(({ doc }) => (doc.method === 'get' ? 'GET, HEAD' : 'POST')).join(', ');
    app.all(address, () => {
      throw new ApiProblem('method_not_allowed', { allow });
    });
  }
}

/** Whoever needs a token and has none is refused before a byte of the body is read, and holds nothing. */
const withBody =
  (
    { doc, limit = SMALL_BODY }: Route,
    handle: NonNullable<Route['handle']>,
    { budget, tokens }: MountDeps,
  ): RequestHandler =>
  async (request, response) => {
    mustBeJson(request);
    if (doc.security) tokens(request);
    let release: (() => void) | undefined;
    try {
      release = await readJson(request, budget, limit);
      await handle(request, response);
    } catch (error) {
      if (!(error instanceof ClientGone)) throw error;
    } finally {
      release?.();
    }
  };

/** @throws ApiProblem `invalid` naming the first member that is wrong */
export function checked<T>(shape: z.ZodType<T>, value: unknown): T {
  const parsed = shape.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = issue && issue.path.length > 0 ? `${issue.path.join('.')}: ` : '';
  throw new ApiProblem('invalid', { detail: `${where}${issue?.message ?? 'not as described'}` });
}
