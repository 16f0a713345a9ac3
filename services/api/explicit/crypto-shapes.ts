import { z } from 'zod';
import { byScope, hex32 } from '../shapes.ts';
import { MOST_ITEMS } from './decrypt.ts';

/** What the routes of explicit encryption take and give. */

const base64url = z.string().describe('base64url without padding');
const rootVersion = z.int().min(1).max(2_147_483_647);
const subject = hex32.describe('Stands for the wallet in what the envelope is bound to.');

const plainEvent = z.strictObject({
  id: z.string().min(1).max(36).describe('Part of what each envelope is bound to.'),
  scopes: byScope(z.string()),
});
const countScopes = (events: readonly { readonly scopes: Record<string, string> }[]) =>
  events.reduce((sum, { scopes }) => sum + Object.keys(scopes).length, 0);

export const encryptRequest = z.strictObject({
  app: hex32,
  wallet: hex32,
  events: z
    .array(plainEvent)
    .min(1)
    .max(MOST_ITEMS)
    .refine((events) => countScopes(events) <= MOST_ITEMS, `at most ${MOST_ITEMS} scopes in all`),
});

const sealedScope = z.object({
  salt: z.string().describe('Hex, 16 bytes.'),
  commitment: hex32,
  envelope: base64url,
});
export const encrypted = z.object({
  subject,
  rootVersion,
  epoch: z.int().min(0),
  events: z.array(z.object({ id: z.string(), scopes: z.record(z.string(), sealedScope) })),
});

const sealedItem = z.strictObject({
  eventId: z.string().max(36),
  scope: z.string().max(64),
  envelope: base64url,
});
export const decryptRequest = z.strictObject({
  app: hex32,
  wallet: hex32,
  rootVersion,
  subject,
  items: z.array(sealedItem).min(1).max(MOST_ITEMS),
});

export const decrypted = z.object({
  items: z.array(
    z.union([
      z.object({ data: z.string(), salt: z.string(), commitment: hex32 }),
      z.object({
        code: z
          .string()
          .describe(
            '`no_key`: no live grant or policy gives the key to the caller; `removed`: the wallet has removed this event by its id; else why it does not open.',
          ),
      }),
    ]),
  ),
});
