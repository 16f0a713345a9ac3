import type { RouteConfig } from '@asteasolutions/zod-to-openapi';
import type { Express, Request, RequestHandler, Response } from 'express';
import { z } from 'zod';
import { type Access, accessRefusals, describedAccess, securityOf } from './access.ts';
import { countAnswer } from './answer.ts';
import type { BodyBudget } from './body-budget.ts';
import type { Callers } from './guard/callers.ts';
import { mustBeJson, readJson } from './json-body.ts';
import { operationIdOf } from './openapi-parts.ts';
import { ApiProblem } from './problems.ts';
import { ClientGone } from './read-body.ts';
import * as shapes from './shapes.ts';
import { UNLIMITED } from './unlimited.ts';

/** One operation: what the document says of it, and what it does. */
export interface Route {
  /** What it is; who may call it and what that may be refused with is added from `access`. */
  readonly doc: Omit<RouteConfig, 'security'>;
  readonly access: Access;
  /** Absent: served before express (`POST /v1/batches`). */
  readonly handle?: (request: Request, response: Response) => Promise<void> | void;
  /** Largest JSON body, bytes. Default 128 KiB. */
  readonly limit?: number;
  /** The body is no JSON: the handler reads it as it arrives. */
  readonly streamed?: true;
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

export interface MountDeps {
  /** What bodies and large answers share with batches. */
  readonly budget: BodyBudget;
  /** Who calls: whether it may, how often in a second, and which pages may read the answer. */
  readonly callers: Callers;
}

/** What the document says of a route, with what follows from `access`. */
export function documented({ doc, access, handle }: Route): RouteConfig {
  const responses: RouteConfig['responses'] = { ...doc.responses };
  const takesJson = handle !== undefined && doc.request?.body?.content['application/json'] !== undefined;
  const further = [
    accessRefusals(access),
    takesJson || doc.request?.params || doc.request?.query ? SHAPE_REFUSALS : {},
    takesJson ? BODY_REFUSALS : {},
    UNLIMITED.has(doc.path) ? {} : LIMIT_REFUSALS,
    ANY_REFUSALS,
  ];
  for (const refusals of further)
    for (const [status, codes] of Object.entries<string>(refusals))
      responses[status] = refusedToo(responses[status], codes);
  const description = describedAccess(access, doc.description);
  const operationId = doc.operationId ?? operationIdOf(doc.method, doc.path);
  return {
    ...doc,
    operationId,
    ...securityOf(access),
    ...(description === undefined ? {} : { description }),
    responses,
  };
}

/** What any request may be refused with, before its route is known or whatever it is. */
const ANY_REFUSALS = {
  400: '`bad_request`',
  414: '`uri_too_long`',
  431: '`headers_too_large`',
  500: '`bug`',
  503: '`overloaded`, `unavailable`, `stopping`',
};
/** What the limits of an address or a caller answer, on every address but those of who watches. */
const LIMIT_REFUSALS = { 429: '`rate_limited`' };
/** What parameters, and bodies that are JSON, may be refused with. */
const SHAPE_REFUSALS = { 400: '`invalid`' };
/** What any JSON body may be refused with. */
const BODY_REFUSALS = {
  400: '`malformed_json`, `too_deep`, `content_encoding`',
  408: '`request_timeout`',
  413: '`payload_too_large`',
  415: '`content_type`, `encoding_unsupported`',
};

type Answer = NonNullable<RouteConfig['responses'][string]>;
type ResponseConfig = ReturnType<typeof problem>;

/** An answer that also is a refusal with these codes. */
function refusedToo(own: ResponseConfig | Answer | undefined, codes: string): Answer {
  if (!own || '$ref' in own || own.description === undefined) return problem(codes);
  const { description: said } = own;
  const further = codes.split(', ').filter((code) => !said.includes(code));
  const description = [...further, said].join(', ');
  return { ...own, description, content: { ...own.content, ...problemContent } };
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
      const handle = deps.callers.around(route.handle);
      if (route.doc.method === 'get') app.get(address, withoutBody(route, handle, deps));
      else app.post(address, (takesBody(route) ? withBody : withoutBody)(route, handle, deps));
    }
    const allow = those.map(({ doc }) => (doc.method === 'get' ? 'GET, HEAD' : 'POST')).join(', ');
    app.all(address, () => {
      throw new ApiProblem('method_not_allowed', { allow });
    });
  }
}

type Handle = NonNullable<Route['handle']>;

const takesBody = ({ doc, streamed }: Route): boolean => streamed === true || doc.request?.body !== undefined;

/** What comes with a request that needs nothing but its address is neither asked for nor read. */
const withoutBody =
  ({ access }: Route, handle: Handle, { callers }: MountDeps): RequestHandler =>
  (request, response) => {
    callers.gate(request, response, access);
    return handle(request, response);
  };

/** Whoever needs a token and has none is refused before a byte of the body is read, and holds nothing. */
const withBody =
  ({ access, limit = SMALL_BODY, streamed }: Route, handle: Handle, { budget, callers }: MountDeps): RequestHandler =>
  async (request, response) => {
    if (!streamed) mustBeJson(request);
    callers.gate(request, response, access);
    let release: (() => void) | undefined;
    try {
      if (!streamed) release = await readJson(request, budget, limit);
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
