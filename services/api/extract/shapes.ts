import { z } from 'zod';
import { CURSOR, hex32, labelShape, NO_CURSOR, problem, requestId, scopeName } from '../shapes.ts';

/** What the routes of extraction take, and the lines that they give. */

const flag = z.enum(['true', 'false']).transform((text) => text === 'true');
const several = z.union([labelShape, z.array(labelShape).min(1).max(64)]);
/** What can be read in one way only, everywhere; milliseconds as far as a Date goes. */
const MOMENT =
  /^(\d{1,15}|\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,9})?)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d))?)$/;
const NO_MOMENT = 'must be a time: 2026-01-02T03:04:05.678Z, or milliseconds';
const moment = z
  .string()
  .regex(MOMENT, NO_MOMENT)
  .transform((text, context): number => {
    const ms = /^\d+$/.test(text) ? Number(text) : Date.parse(text);
    // The 31st of a shorter month is the pattern's, and perhaps no Date.
    if (Number.isFinite(ms)) return ms;
    context.addIssue({ code: 'custom', message: NO_MOMENT });
    return z.NEVER;
  });

export const extractQuery = z.strictObject({
  from: moment.optional().describe('Event time, this one included: ISO 8601, or milliseconds since the epoch.'),
  to: moment.optional().describe('Event time, this one not included.'),
  type: several.optional().describe('One event type, or several: the parameter is repeated.'),
  session: labelShape.optional().describe('Events of this session only.'),
  id: z.string().max(36).optional().describe('One event.'),
  scopes: z
    .string()
    .regex(/^[A-Za-z0-9_.-]{1,64}(,[A-Za-z0-9_.-]{1,64}){0,63}$/, 'must be names of scopes, parted by commas')
    .transform((text) => new Set(text.split(',')))
    .optional()
    .describe(
      'Only these scopes with their content, parted by commas; the others as commitments. Events are left out by it in no case.',
    ),
  after: z.string().regex(CURSOR, NO_CURSOR).optional().describe('`cursor` of an earlier stream: goes on behind it.'),
  limit: z.coerce.number().int().min(1).max(1_000_000_000).optional().describe('Most events. Default: all.'),
  proof: flag.optional().describe('Headers, roots and proofs, and what completeness is judged by.'),
  decrypt: flag.optional().describe('Scopes as `{salt, data}`; the token must name `events.decrypt`, too.'),
});

export const followQuery = extractQuery.omit({ id: true, proof: true }).extend({
  proof: flag.optional().describe('Headers, roots and proofs.'),
  after: z
    .string()
    .regex(CURSOR, NO_CURSOR)
    .optional()
    .describe('The same as the header `Last-Event-ID`, for who cannot set one.'),
  start: z
    .enum(['beginning', 'now'])
    .optional()
    .describe('Where a stream without a place begins. Default: `now`, behind everything that is indexed.'),
  seconds: z.coerce
    .number()
    .int()
    .min(0)
    .max(300)
    .optional()
    .describe('How long is waited for more; 0: only for what is there. Default: 300.'),
});

export const followHeaders = z.object({
  'last-event-id': z
    .string()
    .regex(CURSOR, 'must be the last `id` of a stream')
    .optional()
    .describe('Last `id` of an earlier stream: goes on behind it.'),
});

const base64url = z.string().describe('base64url without padding');
const scope = z.union([
  z.object({ commitment: hex32 }).describe('Not asked for, or not open to the reader.'),
  z.object({ commitment: hex32, envelope: base64url }).describe('Sealed: the key of the scope opens it.'),
  z.object({ salt: z.string(), data: z.string() }).describe('Decrypted.'),
  z.object({ envelope: base64url }).describe('Of a client that encrypts by itself.'),
]);
const batch = z.object({
  id: hex32,
  wallet: hex32,
  signer: z.enum(['wallet', 'app']).describe('`app`: attested by the app, not signed by the user.'),
  subject: hex32.optional(),
  rootVersion: z.int().min(1).optional(),
  epoch: z.int().min(0).optional(),
  content: z.enum(['checked', 'unchecked']).optional(),
  meta: base64url.optional().describe('Of a client that encrypts by itself: the heads of the events.'),
  header: z.record(z.string(), z.unknown()).optional().describe('With `proof`: as it was signed.'),
  root: hex32.optional(),
  removed: z.array(z.object({ index: z.int(), leaf: hex32, by: requestId.nullable() })).optional(),
  source: z.string().optional(),
  seq: z.int().optional(),
  unreadable: z.string().optional().describe('With `proof`: why the batch, which is in the index, cannot be read.'),
});
const event = z.object({
  index: z.int().min(0).describe('Number in the batch whose line came before.'),
  id: z.string().optional(),
  type: z.string().optional(),
  time: z.string().optional(),
  session: z.string().optional(),
  blob: z.string().optional(),
  scopes: z.record(z.string(), scope),
  refused: z
    .record(z.string(), z.string())
    .optional()
    .describe('Scopes that stay sealed though `decrypt` was asked: why.'),
  proof: z.array(hex32).optional(),
});
const removal = z.object({
  id: requestId,
  wallet: hex32,
  kind: z.enum(['remove', 'erase']),
  issuedAt: z.int(),
  receipts: z.array(z.object({ payload: z.string(), key: hex32, signature: z.string() })),
});
// No tuple: the document would say it as OpenAPI 3.0 does.
const run = z.array(z.int()).length(2).describe('First and last `seq`.');
const completeness = z.object({
  wallet: hex32,
  asOf: z.object({ partition: z.int(), mark: z.int() }).describe('Accepted up to here is counted.'),
  live: z.array(z.object({ signer: z.enum(['wallet', 'app']), source: z.string(), runs: z.array(run) })),
  voids: z.array(z.object({ source: z.string(), seq: z.int(), batchId: hex32, reason: z.string() })),
  cut: z.boolean(),
});
const end = z.object({
  events: z.int(),
  unreadable: z.int().describe('Batches that were passed over.'),
  more: z.boolean().describe('The limit was reached.'),
  cursor: z.string().nullable().describe('Where to go on, now or later.'),
});

/** Names of batches, and of scopes: `[]` leaves everything sealed and without its envelope. */
export const batchEventsBody = z.strictObject({
  ids: z.array(hex32).min(1).max(200).describe('Batch ids. One that is named twice is told once.'),
  scopes: z
    .array(scopeName)
    .max(64)
    .optional()
    .describe('Only these scopes with their content; `[]` shows commitments alone. Default: all.'),
  decrypt: z.boolean().optional().describe('Scopes as `{salt, data}`; the token must name `events.decrypt`, too.'),
});

/** One line: an object with one member, which names it. */
const lines = [
  z.object({ batch }),
  z.object({ event }),
  z.object({ cursor: z.string().describe('Everything before this line is behind it.') }),
  z.object({ removal }),
  z.object({ completeness }),
  z.object({ end }).describe('The last line of an answer that is whole.'),
  z.object({ problem }).describe('The last line of one that could not go on: ask again with the cursor.'),
] as const;
export const extractLine = z.union(lines);

/** One server-sent event of a stream that follows: a line, by its name. */
export const followedEvent = z.object({
  id: z.string().regex(CURSOR).optional().describe('Where the stream is; a comment may come with one alone.'),
  event: z.enum(['batch', 'event', 'end', 'problem']),
  data: z.string().meta({
    description: 'JSON: what the line of this name holds in the NDJSON of `events`.',
    contentMediaType: 'application/json',
  }),
});

/** Of batches that were named. */
export const namedLine = z.union([
  ...lines,
  z.object({ unknown: z.object({ id: hex32 }) }).describe('Not in the index, perhaps not yet.'),
]);
