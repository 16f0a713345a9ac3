import type { IncomingMessage } from 'node:http';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { DEFAULT_SCOPE, fromHex, isCidV1, isScopeName, MAX_BLOB, toHex } from '../../../protocol/index.ts';
import type { Owner } from '../../pipeline/ports/vault.ts';
import { answerJson } from '../answer.ts';
import type { AppRegister } from '../app-register.ts';
import { mustConsent } from '../auth/app-consent.ts';
import { type Auth, type Authorize, type Caller, mustBeOwnerOrApp } from '../auth/bearer.ts';
import type { createDownloads } from '../blobs/download.ts';
import { type Pace, watchPace } from '../blobs/pace.ts';
import { piecesOf } from '../blobs/pieces.ts';
import { rangeOf } from '../blobs/range.ts';
import type { Transfers } from '../blobs/transfers.ts';
import type { createUpload } from '../blobs/upload.ts';
import { ApiProblem } from '../problems.ts';
import { checked, ok, problem, type Route } from '../route.ts';
import { appTokenHeader, epochShape, ownerShape, requestId } from '../shapes.ts';

export interface BlobRoutesDeps {
  readonly authorize: Authorize;
  readonly appToken: Auth['appToken'];
  readonly apps: Pick<AppRegister, 'find'>;
  readonly upload: ReturnType<typeof createUpload>;
  readonly downloadOf: ReturnType<typeof createDownloads>;
  readonly uploads: Transfers;
  readonly downloads: Transfers;
}

const PATH = '/v1/wallets/{wallet}/apps/{app}/blobs';
const ADDRESS = /^\/v1\/wallets\/[^/?]+\/apps\/[^/?]+\/blobs(\?|$)/;
/** An upload takes as long as it moves. */
export const isBlobUpload = ({ method, url }: IncomingMessage): boolean => method === 'POST' && ADDRESS.test(url ?? '');

/** What begins with two underscores is reserved, but for one. */
const SCOPE = /^(__default_scope|[A-Za-z0-9.-][A-Za-z0-9_.-]{0,63}|_([A-Za-z0-9.-][A-Za-z0-9_.-]{0,62})?)$/;
const NO_SCOPE = 'must be 1 to 64 of [A-Za-z0-9_.-], not reserved';
const uploadQuery = z.strictObject({
  upload: requestId,
  scope: z
    .string()
    .regex(SCOPE, NO_SCOPE)
    .refine(isScopeName, NO_SCOPE)
    .optional()
    .describe('Whose key it is encrypted under. Default `__default_scope`.'),
});
const NO_CID = 'must be a CIDv1 in lower-case base32';
const cidShape = z
  .string()
  .regex(/^b[a-z2-7]{1,127}$/, NO_CID)
  .refine(isCidV1, NO_CID)
  .describe('CID of the blob.');
const blobParams = z.strictObject({ ...ownerShape.shape, cid: cidShape });
const uploaded = z.object({
  cid: z.string().describe('For `blob` of an event.'),
  size: z.int().min(0).max(MAX_BLOB),
  chunks: z.int().min(1),
  scope: z.string(),
  epoch: epochShape,
});
const binary = { 'application/octet-stream': { schema: { type: 'string' as const, format: 'binary' } } };

/** Large data of events: up before the event that names it, down for whoever may read its scope. */
export const blobRoutes = (deps: BlobRoutesDeps): Route[] => [
  {
    streamed: true,
    access: { kind: 'token', operation: 'blobs.write', by: ['owner', 'app'] },
    doc: {
      method: 'post',
      path: PATH,
      tags: ['blobs'],
      summary: 'Upload a blob',
      description:
        'By the wallet only where the app is open, or with its token as well: whose pot pays has to want it. The body is the bytes as they are, of any Content-Type and without Content-Encoding, 67,108,864 at most. They are encrypted as they arrive, kept in IPFS, and pinned when all of them are there: an upload that breaks off leaves nothing. Then name `cid` in the `blob` of a signed event: what no event names for 24 h is unpinned. The same `upload` with the same bytes is answered as the first time. A body may take as long as it moves, 64 KiB a second at least over each minute. Four uploads are under way at most in a process. Where the wallet encrypts by itself there is no upload: the service has no key, and takes no ready-made DAG yet.',
      request: {
        params: ownerShape,
        query: uploadQuery,
        headers: appTokenHeader,
        body: { required: true, content: binary },
      },
      responses: {
        201: ok('It is pinned.', uploaded),
        402: problem('`unpaid`'),
        403: problem('`unknown_app`, `app_closed`'),
        409: problem(
          '`request_clash`: this upload was finished with other bytes or another scope; `upload_taken`, `client_keys`',
        ),
        410: problem('`erased`'),
        413: problem('`payload_too_large`'),
        415: problem('`encoding_unsupported`: a blob is sent as it is.'),
      },
    },
    async handle(request, response) {
      const { wallet, app } = checked(ownerShape, request.params);
      const { upload, scope = DEFAULT_SCOPE } = checked(uploadQuery, request.query);
      const caller = deps.authorize(request, 'blobs.write', app);
      mustBeOwnerOrApp(caller, wallet);
      const owner = { app: fromHex(app, 32), wallet: fromHex(wallet, 32) };
      await mayWrite(deps, request, caller, owner);
      mustBePlain(request);
      await transfer(deps.uploads, request, async (pace) => {
        const pieces = piecesOf(request, (bytes) => pace.moved(bytes));
        const answer = await deps.upload(owner, fromHex(upload, 16), scope, pieces);
        answerJson(response, 201, answer);
      });
    },
  },
  {
    access: { kind: 'token', operation: 'blobs.read', by: ['owner', 'app', 'reader'] },
    doc: {
      method: 'get',
      path: `${PATH}/{cid}`,
      tags: ['blobs'],
      summary: 'Download a blob',
      description:
        "The wallet gets all of its own; the app under the wallet's policy for the scope of the blob, another wallet by its registered certificates, under a grant or a policy that names it; what the latter two read is in the wallet's access log. `Range` with one range is answered 206; with several the whole is. `If-None-Match` and `If-Range` take the ETag, which is the CID. HEAD tells the size. Every chunk is checked against its CID and opened before a byte of it is sent; what fails later ends the connection before Content-Length is reached. Four downloads are under way at most in a process, each at 64 KiB a second at least over each minute. It can be read from IPFS by its CID as well, and opened with the key of its scope.",
      request: { params: blobParams },
      responses: {
        200: { description: 'The bytes as they were uploaded.', content: binary },
        206: { description: 'The range.', content: binary },
        304: { description: 'The caller has it already.' },
        404: problem('`unknown_blob`'),
        410: problem('`blob_gone`'),
        416: problem('`range_not_satisfiable`'),
        502: problem('`blob_unreadable`'),
      },
    },
    async handle(request, response) {
      const { wallet, app, cid } = checked(blobParams, request.params);
      const caller = deps.authorize(request, 'blobs.read', app);
      const owner = { app: fromHex(app, 32), wallet: fromHex(wallet, 32) };
      const { blob, read } = await deps.downloadOf(caller, owner, cid);
      const etag = `"${cid}"`;
      const headers = {
        'accept-ranges': 'bytes',
        'cache-control': 'private, no-store',
        'content-disposition': 'attachment',
        'content-type': 'application/octet-stream',
        etag,
        'x-content-type-options': 'nosniff',
      };
      if (isKnown(request.headers['if-none-match'], etag)) return void response.writeHead(304, headers).end();
      const ifRange = request.headers['if-range'];
      const wanted = ifRange === undefined || ifRange === etag ? request.headers.range : undefined;
      // A range is defined for GET only.
      const part = request.method === 'HEAD' ? null : rangeOf(wanted, blob.size);
      const range = part ?? { from: 0, to: blob.size };
      const length = { 'content-length': range.to - range.from };
      const place = part ? { 'content-range': `bytes ${part.from}-${part.to - 1}/${blob.size}` } : {};
      const head = () => response.writeHead(part ? 206 : 200, { ...headers, ...length, ...place });
      if (request.method === 'HEAD') return void head().end();
      await transfer(deps.downloads, request, (pace) => send(response, read(range), head, pace));
    },
  },
];

/** A root is made where there is none: not for an app that nobody registered; and whose pot pays has to want it. */
async function mayWrite(
  { apps, appToken }: BlobRoutesDeps,
  request: Request,
  caller: Caller,
  { app: bytes, wallet }: Owner,
): Promise<void> {
  const app = await apps.find({ hex: caller.app, bytes });
  if (!app) throw new ApiProblem('unknown_app');
  if (caller.signer === 'wallet') mustConsent(app, toHex(wallet), appToken(request));
  if (app.unpaid) throw new ApiProblem('unpaid');
}

function mustBePlain({ headers }: Request): void {
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding.trim().toLowerCase() !== 'identity')
    throw new ApiProblem('encoding_unsupported', { detail: 'a blob is sent as it is, without Content-Encoding' });
  if (Number(headers['content-length'] ?? 0) > MAX_BLOB) throw new ApiProblem('payload_too_large');
}

/** Takes a place, and cuts the connection when too little moves on it. */
async function transfer(places: Transfers, request: Request, run: (pace: Pace) => Promise<void>): Promise<void> {
  const giveBack = places.take();
  const pace = watchPace(() => request.socket.destroy());
  try {
    await run(pace);
  } finally {
    pace.end();
    giveBack();
  }
}

/** What fails before the first chunk is answered as a problem; after it only the end that does not come tells. */
async function send(
  response: Response,
  chunks: AsyncGenerator<Uint8Array>,
  head: () => unknown,
  pace: Pace,
): Promise<void> {
  for await (const chunk of chunks) {
    if (response.destroyed) return;
    if (!response.headersSent) head();
    if (!response.write(chunk)) await drained(response);
    pace.moved(chunk.length);
  }
  response.end();
}

function drained(response: Response): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
  });
}

const isKnown = (header: string | undefined, etag: string): boolean =>
  (header ?? '').split(',').some((one) => ['*', etag, `W/${etag}`].includes(one.trim()));
