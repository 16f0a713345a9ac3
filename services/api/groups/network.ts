import { z } from 'zod';
import { MAX_BODY, MAX_COUNT, MAX_ENCRYPTED, toHex } from '../../../protocol/index.ts';
import { answerJson } from '../answer.ts';
import { ok, type Route } from '../route.ts';
import { hex32 } from '../shapes.ts';

export interface NetworkRoutesDeps {
  readonly network: string;
  readonly ss58Prefix: number;
  /** 32 bytes: what receipts are signed with. */
  readonly receiptKey: Uint8Array;
}

const shape = z.object({
  network: z.string().describe('Part of every signature.'),
  ss58Prefix: z.int().describe('Of the addresses that answers show.'),
  receiptKey: hex32.describe('ed25519. Pin it: a receipt is checked offline against the key that was known before.'),
  limits: z
    .object({ bodyBytes: z.int(), encryptedBytes: z.int(), events: z.int() })
    .describe('Of one batch: its decoded body, its size once encrypted, its events.'),
});

/** What a client has to know before it signs anything. */
export const networkRoutes = ({ network, ss58Prefix, receiptKey }: NetworkRoutesDeps): Route[] => [
  {
    access: { kind: 'public' },
    doc: {
      method: 'get',
      path: '/v1/network',
      tags: ['positions'],
      summary: 'The name of this deployment, its receipt key and its limits',
      description:
        'Clients that were not told the name ask here, once, and keep it: whoever answers decides what they sign for.',
      responses: { 200: ok('The same at every time.', shape) },
    },
    handle: (_request, response) =>
      answerJson(response, 200, {
        network,
        ss58Prefix,
        receiptKey: toHex(receiptKey),
        limits: { bodyBytes: MAX_BODY, encryptedBytes: MAX_ENCRYPTED, events: MAX_COUNT },
      }),
  },
];
