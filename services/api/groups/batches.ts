import { z } from 'zod';
import { type Credential, fromHex } from '../../../protocol/index.ts';
import type { AddressOf } from '../addresses.ts';
import { answerJson } from '../answer.ts';
import { type Auth, covers } from '../auth/bearer.ts';
import { BATCHES_PATH, EVENTS_PATH } from '../batch-route.ts';
import type { BatchStatus, BatchStatuses } from '../batch-status.ts';
import { LIMIT_HEADERS } from '../limits/limit-headers-doc.ts';
import { ApiProblem } from '../problems.ts';
import { checked, jsonBody, ok, problem, type Route } from '../route.ts';
import * as shapes from '../shapes.ts';
import type { Telemetry } from '../telemetry.ts';

const accept: Route = {
  access: { kind: 'write' },
  doc: {
    method: 'post',
    path: BATCHES_PATH,
    tags: ['batches'],
    summary: 'Accept one signed batch',
    description:
      'NDJSON: the header line, then one line per event; LF, no blank lines. Or JSON {header, events}. All or nothing. 202 means that Kafka has it with acks=all. At most 2,000,000 bytes decoded; Content-Encoding gzip, deflate or br.',
    request: {
      body: {
        required: true,
        content: {
          'application/x-ndjson': { schema: z.string().describe('Header line and event lines.') },
          'application/json': { schema: shapes.batchShape },
        },
      },
    },
    responses: {
      202: {
        ...ok('Accepted; or known already, with its first position.', shapes.acceptance),
        headers: LIMIT_HEADERS,
      },
      400: problem(`${shapes.UNREADABLE_CODES}, \`content_encoding\`: not a batch that can be read; line says where.`),
      402: problem('`quota_exceeded` (Retry-After: when the next period begins), `unpaid`'),
      403: problem('`unknown_app`, `app_closed`'),
      408: problem('`request_timeout`'),
      409: problem('`mode_mismatch`, `subject_mismatch`, `older_than_erasure`'),
      410: problem('`erased`'),
      413: problem('`body_too_large`, `batch_too_large`'),
      415: problem('`content_type`, `encoding_unsupported`'),
      422: problem(`${shapes.BATCH_CODES}: read, but not valid; the code names the field, line the line.`),
      429: problem('`rate_limited`, `wallet_rate`: wait as Retry-After says and send the same bytes again.'),
    },
  },
};

const STATUS = 'receipts.read';

/** Ids of batches come about, in receipts and logs: whose a batch is, only its wallet and its app are told. */
const shown =
  (addressOf: AddressOf, token: Credential | null) =>
  (status: BatchStatus): z.input<typeof shapes.batchStatus> => {
    const { app, wallet } = status;
    if (!app || !wallet || !token || token.app !== app || !covers(token, wallet))
      return { ...status, app: null, wallet: null, appAddress: null, walletAddress: null };
    return { ...status, appAddress: addressOf(app), walletAddress: addressOf(wallet) };
  };

const acceptOne: Route = {
  access: accept.access,
  doc: {
    ...accept.doc,
    path: EVENTS_PATH,
    tags: ['events'],
    summary: 'Accept one signed event',
    description:
      'A batch of one: `header.count` is 1, and the header is signed as that of any batch. Everything else is as for `POST /v1/batches`; the event is as good as in a batch of many, and costs as much as a batch.',
    request: jsonBody(shapes.oneEventShape),
    responses: {
      ...accept.doc.responses,
      202: {
        ...ok('Accepted; or known already, with its first position.', shapes.eventAcceptance),
        headers: LIMIT_HEADERS,
      },
    },
  },
};

/** Batches: taken (by a route of its own before express), and where they are. */
export const batchRoutes = ({
  statuses,
  addressOf,
  auth,
  telemetry,
}: {
  statuses: BatchStatuses;
  addressOf: AddressOf;
  auth: Pick<Auth, 'optional'>;
  telemetry: Pick<Telemetry, 'answered'>;
}): Route[] => [
  accept,
  acceptOne,
  {
    access: { kind: 'optional', operation: STATUS, by: ['owner', 'app'] },
    doc: {
      method: 'post',
      path: '/v1/batches/status',
      tags: ['batches'],
      summary: 'Where up to 1,000 batches are',
      request: jsonBody(shapes.statusRequest),
      responses: {
        200: ok('One status per id, in order; ids that are not known have outcome `unknown`.', shapes.statusAnswer),
      },
    },
    async handle(request, response) {
      const { ids } = checked(shapes.statusRequest, request.body);
      const batches = await statuses(ids.map((id) => fromHex(id, 32)));
      const token = auth.optional(request, STATUS);
      answerJson(response, 200, { batches: batches.map(shown(addressOf, token)) });
      telemetry.answered('status', 200);
    },
  },
  {
    access: { kind: 'optional', operation: STATUS, by: ['owner', 'app'] },
    doc: {
      method: 'get',
      path: '/v1/batches/{id}',
      tags: ['batches'],
      summary: 'Where a batch is',
      request: { params: z.object({ id: shapes.batchIdShape }) },
      responses: {
        200: ok('Its status.', shapes.batchStatus),
        404: problem('`unknown_batch`'),
      },
    },
    async handle(request, response) {
      const id = checked(shapes.batchIdShape, request.params.id);
      const [status] = await statuses([fromHex(id, 32)]);
      if (!status || status.outcome === 'unknown') throw new ApiProblem('unknown_batch');
      answerJson(response, 200, shown(addressOf, auth.optional(request, STATUS))(status));
      telemetry.answered('batch', 200);
    },
  },
];
