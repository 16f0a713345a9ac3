import { fromHex } from '../../../protocol/index.ts';
import { answerJson } from '../answer.ts';
import { type Authorize, identityOf } from '../auth/bearer.ts';
import type { createEventPages } from '../disclosures/event-page.ts';
import type { createEventReaders } from '../disclosures/event-reader.ts';
import { eventPage, pageQuery } from '../disclosures/shapes.ts';

import { isGone } from '../over.ts';
import { cutWhenRemoved } from '../removals/cut-when-removed.ts';
import { checked, ok, type Route } from '../route.ts';

import { ownerShape } from '../shapes.ts';

export interface DisclosureRoutesDeps {
  readonly authorize: Authorize;
  readonly readerOf: ReturnType<typeof createEventReaders>;
  readonly pageOf: ReturnType<typeof createEventPages>;
}

const DEFAULT_LIMIT = 100;

/** Events as their readers get them. */
export const disclosureRoutes = ({ authorize, readerOf, pageOf }: DisclosureRoutesDeps): Route[] => [
  {
    access: { kind: 'token', operation: 'disclosures.read', by: ['owner', 'app', 'reader'] },
    doc: {
      method: 'get',
      path: '/v1/wallets/{wallet}/apps/{app}/disclosures',
      tags: ['events'],
      summary: 'Events of a wallet in an app, each with its proof',
      description:
        "The wallet gets everything; the app under the wallet's policy, another wallet by its registered certificates, under a grant or a policy that names it. The latter two see the events of which they may open a scope. Oldest first: by earliest event time of the batch, batch id, and index in the batch; what is recorded later with an earlier time stands before. Removed events are left out; of a batch that only its owner can open only where all of it is removed. A batch that can never be read (its root was lost, or it is not what the index names) is passed over, and the operator told. While four pages are under way in a process it answers 503 `overloaded`, while two are of one caller 429 `rate_limited`. HEAD says only whether one may ask. Of a wallet's certificates that have not expired the newest 8 count. The events that a reader may not open are left out, but `more` and the number of pages let a reader with any live grant or policy guess how many batches there are.",
      request: { params: ownerShape, query: pageQuery },
      responses: {
        200: ok('Nothing for whoever may read nothing, and of who is erased.', eventPage),
      },
    },
    async handle(request, response) {
      const { wallet, app } = checked(ownerShape, request.params);
      const { after, limit = DEFAULT_LIMIT } = checked(pageQuery, request.query);
      const owner = { app: fromHex(app, 32), wallet: fromHex(wallet, 32) };
      const caller = authorize(request, 'disclosures.read', app);
      // All that a head says is known already.
      if (request.method === 'HEAD') return void response.writeHead(200, { 'content-type': 'application/json' }).end();
      const reader = await readerOf(caller, owner);
      const wanted = { caller: identityOf(caller), begin: after ?? null, limit, gone: () => isGone(response) };
      const found = reader ? await pageOf(owner, reader, wanted) : null;
      if (isGone(response)) return;
      if (found) cutWhenRemoved(response, found.isThere);
      answerJson(response, 200, found?.page ?? { events: [], metas: {}, next: after ?? null, more: false });
    },
  },
];
