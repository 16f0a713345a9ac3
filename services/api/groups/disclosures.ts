import { z } from 'zod';
import { fromHex } from '../../../protocol/index.ts';
import { answerJson } from '../answer.ts';
import type { Authorize } from '../auth/bearer.ts';
import { readCursor } from '../disclosures/cursor.ts';
import type { createEventPages } from '../disclosures/event-page.ts';
import type { createEventReaders } from '../disclosures/may-open.ts';
import { AUTH_PROBLEMS, checked, ok, problem, RETRY_LATER, type Route } from '../route.ts';
import { headerShape, hex32, ownerShape } from '../shapes.ts';

export interface DisclosureRoutesDeps {
  readonly authorize: Authorize;
  readonly readers: ReturnType<typeof createEventReaders>;
  readonly pages: ReturnType<typeof createEventPages>;
}

const query = z.strictObject({
  after: z.string().max(100).optional().describe('`next` of the page before.'),
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(100)
    .optional()
    .describe('Default 100. A page of more than 4 MB ends before.'),
  event: z
    .string()
    .max(36)
    .optional()
    .describe('Only the event with this id. Of client mode: batches that may hold it.'),
});

const base64url = z.string().describe('base64url');
const disclosure = z.object({
  header: headerShape,
  index: z.int(),
  proof: z.array(hex32),
  event: z.object({
    id: z.string(),
    type: z.string(),
    time: z.string(),
    session: z.string().optional(),
    blob: z.string().optional(),
    scopes: z.record(z.string(), z.object({ commitment: hex32 })),
  }),
});
const disclosedEvent = z.object({
  batchId: hex32,
  locator: z
    .object({ cluster: z.string(), segment: z.string(), slot: z.int(), index: z.int() })
    .describe('`/ipfs/<segment>/batches/<slot>/events/<index>` holds the envelopes.'),
  subject: hex32,
  rootVersion: z.int().min(1),
  epoch: z.int().min(0),
  content: z
    .enum(['checked', 'unchecked'])
    .describe('`unchecked`: encrypted by the client; only the owner sees it here.'),
  disclosure: disclosure
    .nullable()
    .describe('Verifies without the service, now or later. null where content is unchecked.'),
  envelopes: z.record(z.string(), base64url).describe('Of the scopes that the caller may open.'),
});
const page = z.object({
  events: z.array(disclosedEvent),
  metas: z.record(hex32, base64url).describe('Metas of the batches whose content is unchecked, by batch id.'),
  next: z.string().nullable().describe('Where to go on, now or later.'),
  more: z.boolean().describe('Whether there is more now. A page may be empty and there be more.'),
});

/** Events as their readers get them. */
export const disclosureRoutes = ({ authorize, readers, pages }: DisclosureRoutesDeps): Route[] => [
  {
    doc: {
      method: 'get',
      path: '/v1/wallets/{wallet}/apps/{app}/disclosures',
      tags: ['events'],
      summary: 'Events of a wallet in an app, each with its proof',
      description:
        "Operation `disclosures.read`: by the wallet (everything), by the app under the wallet's policy, or by a wallet that a grant or policy names. The latter two see the events in which they may open a scope. Oldest first, by earliest time of the batch, batch id, and index in the batch.",
      security: [{ token: [] }],
      request: { params: ownerShape, query },
      responses: {
        200: ok('Nothing for whoever may read nothing, and of who is erased.', page),
        400: problem('`invalid`'),
        ...AUTH_PROBLEMS,
        503: RETRY_LATER[503],
      },
    },
    async handle(request, response) {
      const { wallet, app } = checked(ownerShape, request.params);
      const { after, limit = 100, event = null } = checked(query, request.query);
      const cursor = after === undefined ? null : readCursor(after);
      const owner = { app: fromHex(app, 32), wallet: fromHex(wallet, 32) };
      const reader = await readers(authorize(request, 'disclosures.read', app), owner);
      if (reader) return answerJson(response, 200, await pages(owner, reader, { after: cursor, limit, event }));
      answerJson(response, 200, { events: [], metas: {}, next: after ?? null, more: false });
    },
  },
];
