import type { Request, Response } from 'express';
import { z } from 'zod';
import { fromHex } from '../../../protocol/index.ts';
import { type Authorize, mustBeOwnerOrApp } from '../auth/bearer.ts';
import { type AnswerStreamDeps, answerStream } from '../extract/answer-stream.ts';
import type { Follow } from '../extract/open-streams.ts';
import { SERVER_SENT } from '../extract/server-sent.ts';
import { followedEvent, followHeaders, followQuery } from '../extract/shapes.ts';
import { isGone } from '../over.ts';
import { ApiProblem } from '../problems.ts';
import { checked, type Route } from '../route.ts';
import { addressParam, ownerShape } from '../shapes.ts';

export interface FollowRoutesDeps extends AnswerStreamDeps {
  readonly authorize: Authorize;
  readonly follow: Follow;
}

const appShape = z.strictObject({ app: addressParam });
/** A token is looked at when a stream begins: whoever goes on listening comes back with it. */
const MOST_SECONDS = 300;
const ABOUT =
  'Server-sent events: `batch`, then each `event` of it, as in the NDJSON of `events`; `end` after the given time or count, or `problem`. In the order in which batches were accepted, of each partition, so that what is recorded later comes later whatever time it says. `id` says where the stream is: give it back as `Last-Event-ID` and nothing is missing; what came behind the last `id` comes again, under the same event ids. It is told at once, behind each piece, and every 15 seconds where nothing happens. Content, grants, removals, patience and refusals are those of `events`; 32 streams in a process, 16 of one caller. See docs/extract.md.';

/** Events, as they are indexed. */
export function followRoutes({ authorize, follow, ...deps }: FollowRoutesDeps): Route[] {
  async function answer(request: Request, response: Response, app: string, wallet: string | null): Promise<void> {
    const {
      type,
      scopes,
      after,
      limit,
      start = 'now',
      seconds = MOST_SECONDS,
      proof = false,
      decrypt = false,
      ...wanted
    } = checked(followQuery, request.query);
    const { 'last-event-id': last } = checked(followHeaders, { 'last-event-id': request.get('last-event-id') });
    const { tokenId, ...caller } = authorize(request, 'events.read', app);
    if (decrypt) authorize(request, 'events.decrypt', app);
    if (wallet === null) {
      if (caller.signer !== 'app' || caller.wallet !== '*') throw new ApiProblem('forbidden');
    } else if (caller.signer === 'app') mustBeOwnerOrApp(caller, wallet);
    if (request.method === 'HEAD') return void response.writeHead(200, SERVER_SENT.head).end();
    const wish = {
      ...wanted,
      ...{ caller, tokenId, proof, decrypt, scopes: scopes ?? null },
      ...{ app: fromHex(app, 32), wallet: wallet === null ? null : fromHex(wallet, 32) },
      ...{ types: type === undefined ? undefined : [type].flat(), after: last ?? after ?? null },
      ...{ limit: limit ?? Number.POSITIVE_INFINITY, start, waitMs: seconds * 1000 },
      isHeard: () => !isGone(response),
    };
    await answerStream(deps, 'follow', response, (out) => follow(wish, out), SERVER_SENT);
  }

  const shared = {
    method: 'get' as const,
    tags: ['events'],
    responses: {
      200: {
        description: 'Events, until `end` or `problem`; described is one of them.',
        content: { 'text/event-stream': { schema: followedEvent } },
      },
    },
  };
  return [
    {
      access: { kind: 'token', operation: 'events.read', by: ['owner', 'app', 'reader'] },
      doc: {
        ...shared,
        path: '/v1/wallets/{wallet}/apps/{app}/event-stream',
        summary: 'Follow the events of a wallet in an app',
        description: ABOUT,
        request: { params: ownerShape, query: followQuery, headers: followHeaders },
      },
      async handle(request, response) {
        const { wallet, app } = checked(ownerShape, request.params);
        await answer(request, response, app, wallet);
      },
    },
    {
      access: { kind: 'token', operation: 'events.read', by: ['app'] },
      doc: {
        ...shared,
        path: '/v1/apps/{app}/event-stream',
        summary: 'Follow the events of an app',
        description: `A token for all wallets. Of each wallet what its policy lets the app read. ${ABOUT}`,
        request: { params: appShape, query: followQuery, headers: followHeaders },
      },
      async handle(request, response) {
        await answer(request, response, checked(appShape, request.params).app, null);
      },
    },
  ];
}
