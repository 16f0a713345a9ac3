import type { Request, Response } from 'express';
import { z } from 'zod';
import { fromHex } from '../../../protocol/index.ts';
import { type Authorize, mustBeOwnerOrApp } from '../auth/bearer.ts';
import { type AnswerStreamDeps, answerStream } from '../extract/answer-stream.ts';
import { NDJSON } from '../extract/line-writer.ts';
import type { Extract } from '../extract/open-streams.ts';
import { batchEventsBody, extractLine, extractQuery, namedLine } from '../extract/shapes.ts';
import { ApiProblem } from '../problems.ts';
import { checked, jsonBody, type Route } from '../route.ts';
import { addressParam, ownerShape } from '../shapes.ts';

export interface ExtractRoutesDeps extends AnswerStreamDeps {
  readonly authorize: Authorize;
  readonly streams: Extract;
}

const appShape = z.strictObject({ app: addressParam });
const ABOUT =
  'NDJSON, each line an object with one member that names it. A `batch` comes before its events; a `cursor` says where the stream is, and an answer without `end` as its last line was cut short: ask again with `after`. Oldest first: by earliest event time of the batch, batch id, and index in the batch; what is recorded later with an earlier time stands before. Content is sealed; with `decrypt` the service opens what the caller may have the key of, and the access log of the wallet names it. Of batches that a client encrypted by itself the service sees no heads: only their owner gets them, and filters narrow them down to whole batches. With `proof` the stream ends with what the completeness of each wallet is judged by. A reader that takes less than 16 KiB a second over a minute of waiting for it is cut. 503 `overloaded` while eight streams are under way in a process, 429 `rate_limited` while four are of one caller. HEAD says only whether one may ask. See docs/extract.md.';

const NAMED =
  'For whoever reads batches from elsewhere, such as the log: what the caller may see of each as it is now, in the order of the names, with headers, roots and proofs. Of a batch of which that is nothing there is no line; one that is not in the index, perhaps not yet, is told as `unknown` before the end. Nothing is lost by asking again. An app asks by a token for all wallets. Rights, removals, patience and places are those of `events`.';

/** Events, as many as there are. */
export function extractRoutes({ authorize, streams, ...deps }: ExtractRoutesDeps): Route[] {
  async function answer(request: Request, response: Response, app: string, wallet: string | null): Promise<void> {
    const {
      type,
      scopes,
      after,
      limit,
      proof = false,
      decrypt = false,
      ...wanted
    } = checked(extractQuery, request.query);
    const { tokenId, ...caller } = authorize(request, 'events.read', app);
    if (decrypt) authorize(request, 'events.decrypt', app);
    if (wallet === null) {
      if (caller.signer !== 'app' || caller.wallet !== '*') throw new ApiProblem('forbidden');
    } else if (caller.signer === 'app') mustBeOwnerOrApp(caller, wallet);
    // All that a head says is known already, and nobody would read the lines.
    if (request.method === 'HEAD') return void response.writeHead(200, NDJSON.head).end();
    const wish = {
      ...wanted,
      ...{ caller, tokenId, proof, decrypt, scopes: scopes ?? null },
      ...{ app: fromHex(app, 32), wallet: wallet === null ? null : fromHex(wallet, 32) },
      ...{ types: type === undefined ? undefined : [type].flat(), after: after ?? null },
      limit: limit ?? Number.POSITIVE_INFINITY,
    };
    await answerStream(deps, 'extract', response, (out) => streams.extract(wish, out));
  }

  const shared = {
    method: 'get' as const,
    tags: ['events'],
    responses: {
      200: {
        description: 'Lines, until `end` or `problem`.',
        content: { 'application/x-ndjson': { schema: extractLine } },
      },
    },
  };
  return [
    {
      access: { kind: 'token', operation: 'events.read', by: ['owner', 'app', 'reader'] },
      doc: {
        ...shared,
        path: '/v1/wallets/{wallet}/apps/{app}/events',
        summary: 'Stream the events of a wallet in an app',
        description: ABOUT,
        request: { params: ownerShape, query: extractQuery },
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
        path: '/v1/apps/{app}/events',
        summary: 'Stream the events of an app',
        description: `A token for all wallets. Of each wallet what its policy lets the app read; wallets that allow nothing are left out. ${ABOUT}`,
        request: { params: appShape, query: extractQuery },
      },
      async handle(request, response) {
        await answer(request, response, checked(appShape, request.params).app, null);
      },
    },
    {
      access: { kind: 'token', operation: 'events.read', by: ['owner', 'app', 'reader'] },
      doc: {
        method: 'post',
        path: '/v1/apps/{app}/batch-events',
        tags: ['events'],
        summary: 'Stream the events of named batches',
        description: NAMED,
        request: { params: appShape, ...jsonBody(batchEventsBody) },
        responses: {
          200: {
            description: 'Lines, until `end` or `problem`.',
            content: { 'application/x-ndjson': { schema: namedLine } },
          },
        },
      },
      async handle(request, response) {
        const { app } = checked(appShape, request.params);
        const { ids, scopes, decrypt = false } = checked(batchEventsBody, request.body);
        const { tokenId, ...caller } = authorize(request, 'events.read', app);
        if (decrypt) authorize(request, 'events.decrypt', app);
        if (caller.signer === 'app' && caller.wallet !== '*') throw new ApiProblem('forbidden');
        const wish = {
          ...{ caller, tokenId, proof: true, decrypt, scopes: scopes ? new Set(scopes) : null },
          ...{ app: fromHex(app, 32), wallet: null, limit: Number.POSITIVE_INFINITY },
          ids: [...new Set(ids)].map((id) => fromHex(id, 32)),
        };
        await answerStream(deps, 'batch-events', response, (out) => streams.ofBatches(wish, out));
      },
    },
  ];
}
