import { z } from 'zod';
import { fromHex, toHex } from '../../../protocol/index.ts';
import type { Removal, Removals } from '../../pipeline/ports/removals.ts';
import { answerJson } from '../answer.ts';
import { type Authorize, mustBeOwnerOrApp } from '../auth/bearer.ts';
import { ApiProblem } from '../problems.ts';
import { nextStep } from '../removals/next-step.ts';
import { checked, ok, problem, type Route } from '../route.ts';
import * as shapes from '../shapes.ts';

export interface RemovalRoutesDeps {
  readonly authorize: Authorize;
  readonly removals: Pick<Removals, 'find' | 'list' | 'progress'>;
  readonly partitionOf: (wallet: Uint8Array) => number;
  readonly now: () => number;
  /** 32 bytes: what receipts are signed with. */
  readonly receiptKey: Uint8Array;
}

const params = shapes.ownerShape.extend({ id: shapes.requestId });
const DEFAULT_LIMIT = 100;

/** How far removals are, and their receipts. */
export const removalRoutes = (deps: RemovalRoutesDeps): Route[] => [
  {
    access: { kind: 'token', operation: 'removals.read', by: ['owner', 'app'] },
    doc: {
      method: 'get',
      path: '/v1/wallets/{wallet}/apps/{app}/removals',
      tags: ['removals'],
      summary: 'Erasures and removals of a wallet in an app',
      description: 'The last signed first.',
      request: { params: shapes.ownerShape, query: shapes.removalQuery },
      responses: {
        200: ok('One page.', shapes.removalList),
      },
    },
    async handle(request, response) {
      const { wallet, app } = checked(shapes.ownerShape, request.params);
      const { after, limit = DEFAULT_LIMIT } = checked(shapes.removalQuery, request.query);
      mustBeOwnerOrApp(deps.authorize(request, 'removals.read', app), wallet);
      const owner = { app: fromHex(app, 32), wallet: fromHex(wallet, 32) };
      const page = await deps.removals.list(owner, {
        ...(after === undefined ? {} : { after: placeIn(after) }),
        limit,
      });
      const last = page.length === limit ? page.at(-1) : undefined;
      answerJson(response, 200, {
        next: last ? `${last.issuedAt}.${toHex(last.id)}` : null,
        removals: page.map(({ id, selects, ...one }) => ({
          id: toHex(id),
          kind: selects ? 'remove' : 'erase',
          ...one,
          selects,
        })),
      });
    },
  },
  {
    access: { kind: 'token', operation: 'removals.read', by: ['owner', 'app'] },
    doc: {
      method: 'get',
      path: '/v1/wallets/{wallet}/apps/{app}/removals/{id}',
      tags: ['removals'],
      summary: 'State and receipts of an erasure or a removal',
      request: { params },
      responses: {
        200: ok('Receipts oldest first; a further one follows while exports are pending.', shapes.removalState),
        404: problem('`unknown_removal`'),
      },
    },
    async handle(request, response) {
      const { wallet, app, id } = checked(params, request.params);
      mustBeOwnerOrApp(deps.authorize(request, 'removals.read', app), wallet);
      const named = { app: fromHex(app, 32), wallet: fromHex(wallet, 32), id: fromHex(id, 16) };
      const found = await deps.removals.find(named);
      if (!found) throw new ApiProblem('unknown_removal');
      const { removal, receipts } = found;
      const { kind, state } = removal;
      answerJson(response, 200, {
        id,
        kind,
        state,
        ...(removal.kind === 'erase'
          ? { fence: removal.fence, rootVersions: removal.rootVersions, selector: null }
          : { fence: null, rootVersions: [], selector: removal.selector }),
        waitingFor: await waitingFor(deps, found.removal),
        receipts,
      });
    },
  },
  {
    access: { kind: 'public' },
    doc: {
      method: 'get',
      path: '/v1/receipt-key',
      tags: ['receipts'],
      summary: 'The key that receipts are signed with',
      description: 'Pin it: a receipt is checked offline against the key that was known before.',
      responses: { 200: ok('ed25519.', z.object({ key: shapes.hex32 })) },
    },
    handle: (_request, response) => answerJson(response, 200, { key: toHex(deps.receiptKey) }),
  },
];

function placeIn(after: string) {
  const [issuedAt = '', id = ''] = after.split('.');
  return { issuedAt: Number(issuedAt), id: fromHex(id, 16) };
}

async function waitingFor(deps: RemovalRoutesDeps, removal: Removal): Promise<readonly string[]> {
  if (removal.state === 'committed') return [removal.kind === 'erase' ? 'caches' : 'log'];
  if (removal.state === 'fenced') return ['log'];
  if (removal.state === 'done' && removal.pending.length === 0) return [];
  const step = nextStep(removal, await deps.removals.progress(removal, deps.partitionOf(removal.wallet)), deps.now());
  if (step.kind === 'wait') return step.for;
  // What was asked for before the row was there may still be on its way to a reader.
  return removal.kind === 'remove' && removal.receipts === 0 ? ['readers'] : [];
}
