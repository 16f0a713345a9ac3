import { z } from 'zod';
import { CURSOR, headerShape, hex32, NO_CURSOR } from '../shapes.ts';

/** What the route of disclosures takes and gives. */

export const pageQuery = z.strictObject({
  after: z.string().regex(CURSOR, NO_CURSOR).optional().describe('`next` of the page before.'),
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(1_000)
    .optional()
    .describe('Default 100. A page ends before after 4 MB, 8 segments of IPFS, or 2 s.'),
});

const base64url = z.string().describe('base64url without padding');
const { subject: _subject, epoch: _epoch, meta: _meta, ...signed } = headerShape.shape;
const disclosure = z.object({
  header: z.object(signed),
  index: z.int().min(0),
  proof: z.array(hex32).describe('Sibling hashes from the leaf upwards.'),
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
    .object({ cluster: z.string(), segment: z.string(), slot: z.int().min(0), index: z.int().min(0) })
    .describe('`<segment>/batches/<slot>/events/<index>` is the path of the envelopes in IPFS.'),
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
export const eventPage = z.object({
  events: z.array(disclosedEvent),
  metas: z.record(hex32, base64url).describe('Metas of the batches whose content is unchecked, by batch id.'),
  next: z.string().nullable().describe('Where to go on, now or later; null where there was nothing.'),
  more: z.boolean().describe('Whether there is more now. A page may be empty and there be more.'),
});
