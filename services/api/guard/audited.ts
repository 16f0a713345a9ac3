import type { Request, RequestHandler } from 'express';
import { codeOf } from '../answer.ts';
import type { Audit } from '../audit.ts';
import { shortened } from '../limits/client-address.ts';
import { onOver } from '../over.ts';
import type { Route } from '../route.ts';
import { appOf, type Callers, walletOf } from './callers.ts';
import { addressOf } from './entrance.ts';
import { requestIdOf } from './request-id.ts';

/** Writes the line of each request whose route is one to be audited, when it is answered or its connection gone. */
export function auditRoutes(routes: readonly Route[], audit: Audit, callers: Callers): RequestHandler {
  const audited = new Map(routes.filter(isAudited).map((route) => [addressKey(route), route.doc.path]));
  // Without a token these show what everybody may know.
  const optional = new Set(routes.filter(({ access }) => access.kind === 'optional').map(({ doc }) => doc.path));
  return (request, response, next) => {
    onOver(response, () => {
      const path = audited.get(`${methodOf(request)} ${String(request.route?.path ?? '')}`);
      if (path === undefined) return;
      const named = namedIn(path, request.originalUrl);
      const caller = callers.of(request);
      if (caller === null && optional.has(path)) return;
      audit({
        requestId: requestIdOf(request),
        address: shortened(addressOf(request)),
        method: request.method,
        route: path,
        caller,
        app: appOf(named, request.body, caller?.signer === 'app' ? caller.key : undefined),
        wallet: walletOf(named, request.body),
        status: response.headersSent ? response.statusCode : null,
        code: codeOf(response),
        endedEarly: !response.writableFinished,
      });
    });
    next();
  };
}

/** What changes something, and what shows what is not everybody's. Batches, which are served elsewhere, have a record of their own: the log. */
const isAudited = ({ access, handle }: Route): boolean => handle !== undefined && access.kind !== 'public';

/** Express forgets the parameters of a request that was refused. */
function namedIn(template: string, url: string): Record<string, string> {
  const parts = url.split('?')[0]?.split('/') ?? [];
  const names = template.split('/').map((part) => /^\{(\w+)\}$/.exec(part)?.[1]);
  return Object.fromEntries(names.flatMap((name, i) => (name === undefined ? [] : [[name, parts[i] ?? '']])));
}

const addressKey = ({ doc }: Route): string => `${doc.method} ${doc.path.replaceAll(/\{(\w+)\}/g, ':$1')}`;
const methodOf = ({ method }: Request): string => (method === 'HEAD' ? 'get' : method.toLowerCase());
