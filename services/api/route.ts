import type { RouteConfig } from '@asteasolutions/zod-to-openapi';
import express, { type Express, type Request, type RequestHandler, type Response } from 'express';
import { z } from 'zod';
import type { BodyBudget } from './body-budget.ts';
import { ApiProblem } from './problems.ts';
import * as shapes from './shapes.ts';

/** One operation: what the document says of it, and what it does. */
export interface Route {
  readonly doc: RouteConfig;
  /** Absent: served before express (`POST /v1/batches`). */
  readonly handle?: (request: Request, response: Response) => Promise<void> | void;
  /** Largest JSON body, bytes; those that say it count against the memory for bodies. Default 128 KiB. */
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

/** Each address takes the methods of its routes; any other method is told which. */
export function mount(app: Express, routes: readonly Route[], budget: BodyBudget): void {
  const byPath = new Map<string, Route[]>();
  for (const route of routes) byPath.set(route.doc.path, [...(byPath.get(route.doc.path) ?? []), route]);
  for (const [path, those] of byPath) {
    if (those.some((route) => !route.handle)) continue;
    const address = path.replaceAll(/\{(\w+)\}/g, ':$1');
    for (const { doc, handle, limit } of those) {
      if (!handle) continue;
      if (doc.method === 'get') app.get(address, handle);
      else {
        const within = limit === undefined ? [] : [budgeted(budget, limit)];
        app.post(address, jsonOnly, ...within, express.json({ limit: limit ?? SMALL_BODY, strict: true }), handle);
      }
    }
    const allow = those.map(({ doc }) => (doc.method === 'get' ? 'GET, HEAD' : 'POST')).join(', ');
    app.all(address, () => {
      throw new ApiProblem('method_not_allowed', { allow });
    });
  }
}

/** Takes the most that the body may become, until the answer is out or the connection gone. */
const budgeted =
  (budget: BodyBudget, bytes: number): RequestHandler =>
  (_request, response, next) => {
    budget.take(bytes);
    response.once('close', () => budget.give(bytes));
    next();
  };

const jsonOnly: RequestHandler = (request, _response, next) => {
  if (!request.is('application/json')) throw new ApiProblem('content_type');
  next();
};

/** @throws ApiProblem `invalid` naming the first member that is wrong */
export function checked<T>(shape: z.ZodType<T>, value: unknown): T {
  const parsed = shape.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = issue && issue.path.length > 0 ? `${issue.path.join('.')}: ` : '';
  throw new ApiProblem('invalid', { detail: `${where}${issue?.message ?? 'not as described'}` });
}
