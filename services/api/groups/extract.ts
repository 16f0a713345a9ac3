import type { Request, Response } from 'express';
import { z } from 'zod';
import { fromHex } from '../../../protocol/index.ts';
import { type Authorize, mustBeOwnerOrApp } from '../auth/bearer.ts';
import { lineOf } from '../extract/event-lines.ts';
import { createLineWriter, LINES } from '../extract/line-writer.ts';
import { createPatience } from '../extract/patience.ts';
import { extractLine, extractQuery } from '../extract/shapes.ts';
import type { Extract } from '../extract/stream.ts';
import { problemOf } from '../problem-answer.ts';
import { ApiProblem } from '../problems.ts';
import { ClientGone } from '../read-body.ts';
import { checked, type Route } from '../route.ts';
import { addressParam, ownerShape } from '../shapes.ts';
import type { Telemetry } from '../telemetry.ts';

export interface ExtractRoutesDeps {
  readonly authorize: Authorize;
  readonly extract: Extract;
  readonly telemetry: Pick<Telemetry, 'refused' | 'answered'>;
  /** Milliseconds, monotonic. */
  readonly elapsed: () => number;
}

const appShape = z.strictObject({ app: addressParam });
const ABOUT =
  'NDJSON, each line an object with one member that names it. A `batch` comes before its events; a `cursor` says where the stream is, and an answer without `end` as its last line was cut short: ask again with `after`. Oldest first: by earliest event time of the batch, batch id, and index in the batch; what is recorded later with an earlier time stands before. Content is sealed; with `decrypt` the service opens what the caller may have the key of, and the access log of the wallet names it. Of batches that a client encrypted by itself the service sees no heads: only their owner gets them, and filters narrow them down to whole batches. With `proof` the stream ends with what the completeness of each wallet is judged by. A reader that takes less than 16 KiB a second over a minute of waiting for it is cut. 503 `overloaded` while eight streams are under way in a process, 429 `rate_limited` while four are of one caller. HEAD says only whether one may ask. See docs/extract.md.';

/** Events, as many as there are. */
export function extractRoutes({ authorize, extract, telemetry, elapsed }: ExtractRoutesDeps): Route[] {
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
    if (request.method === 'HEAD') return void response.writeHead(200, LINES).end();
    const wish = {
      ...wanted,
      ...{ caller, tokenId, proof, decrypt, scopes: scopes ?? null },
      ...{ app: fromHex(app, 32), wallet: wallet === null ? null : fromHex(wallet, 32) },
      ...{ types: type === undefined ? undefined : [type].flat(), after: after ?? null },
      limit: limit ?? Number.POSITIVE_INFINITY,
    };
    try {
      await extract(wish, createLineWriter(response, createPatience(elapsed)));
      telemetry.answered('extract', 200);
    } catch (error) {
      if (error instanceof ClientGone) return;
      if (!response.headersSent) throw error;
      // The head is out: the last line tells what an answer of its own would have told.
      const told = problemOf(error);
      telemetry.refused('extract', told, error);
      response.write(lineOf('problem', told.body));
    }
    response.end();
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
  ];
}
