import { z } from 'zod';
import { fromHex, toHex } from '../../../protocol/index.ts';
import { answerJson } from '../answer.ts';
import { type Authorize, covers, mustBeOwnerOrApp } from '../auth/bearer.ts';
import type { Receipts } from '../receipts/receipts.ts';
import { checked, ok, problem, type Route } from '../route.ts';
import { batchIdShape, eventIdShape, ownerShape, receiptShape } from '../shapes.ts';

export interface ReceiptRoutesDeps {
  readonly authorize: Authorize;
  readonly receipts: Receipts;
}

const batchParams = z.object({ batchId: batchIdShape });
const eventParams = ownerShape.extend({
  eventId: eventIdShape,
});
const eventQuery = z.strictObject({
  batch: batchIdShape.optional().describe('The batch that it is in, where an id was used in several.'),
});

/** What the operator states, signed, to be kept. */
export const receiptRoutes = ({ authorize, receipts }: ReceiptRoutesDeps): Route[] => [
  {
    access: { kind: 'token', operation: 'receipts.read', by: ['owner', 'app'] },
    doc: {
      method: 'get',
      path: '/v1/batches/{batchId}/receipt',
      tags: ['receipts'],
      summary: 'Receipt of a batch',
      description:
        "Position, signed header, place in IPFS, and the settlement as it is now: ask again once it is final. Checked offline with `ddc verify` and the pinned receipt key. A batch that is not the caller's, that is not indexed yet, or whose owner was erased, looks like one that never was. Of a batch that its client encrypted the signed header is not stated, since the service cannot read it.",
      request: { params: batchParams },
      responses: {
        200: ok('Signed now.', receiptShape),
        404: problem('`unknown_batch`'),
        409: problem('`dead_batch`'),
        410: problem('`erased`'),
      },
    },
    async handle(request, response) {
      const { batchId } = checked(batchParams, request.params);
      // The token names its app: whose the batch is must not be told before it is known that it is theirs.
      const caller = authorize(request, 'receipts.read');
      const receipt = await receipts.batch(
        fromHex(batchId, 32),
        ({ app, wallet }) => caller.app === toHex(app) && covers(caller, toHex(wallet)),
      );
      answerJson(response, 200, receipt);
    },
  },
  {
    access: { kind: 'token', operation: 'receipts.read', by: ['owner', 'app'] },
    doc: {
      method: 'get',
      path: '/v1/wallets/{wallet}/apps/{app}/events/{eventId}/receipt',
      tags: ['receipts'],
      summary: 'Receipt of one event',
      description:
        'As that of its batch, with the event and its way to the signed root: names of scopes and commitments, no content. Of an event that was removed it states the leaf alone.',
      request: { params: eventParams, query: eventQuery },
      responses: {
        200: ok('Signed now.', receiptShape),
        404: problem('`unknown_event`'),
        409: problem('`content_unchecked`, `many_batches`'),
        410: problem('`erased`'),
      },
    },
    async handle(request, response) {
      const { wallet, app, eventId } = checked(eventParams, request.params);
      const { batch } = checked(eventQuery, request.query);
      mustBeOwnerOrApp(authorize(request, 'receipts.read', app), wallet);
      const owner = { app: fromHex(app, 32), wallet: fromHex(wallet, 32) };
      const receipt = await receipts.event(owner, eventId, ...(batch === undefined ? [] : [fromHex(batch, 32)]));
      answerJson(response, 200, receipt);
    },
  },
];
