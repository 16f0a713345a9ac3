import { z } from 'zod';
import { fromHex, toHex } from '../../../protocol/index.ts';
import type { Clusters } from '../../pipeline/ports/clusters.ts';
import { COUNTED, type IndexStore, type Written } from '../../pipeline/ports/index-store.ts';
import type { AddressOf } from '../addresses.ts';
import { answerJson } from '../answer.ts';
import type { AppRegister } from '../app-register.ts';
import { type Authorize, mustBeApp, mustBeOwner, mustBeOwnerOrApp } from '../auth/bearer.ts';
import { ApiProblem } from '../problems.ts';
import { checked, ok, problem, type Route } from '../route.ts';
import { address, clusterShape, hex32, ownerShape } from '../shapes.ts';

export interface WalletRoutesDeps {
  readonly authorize: Authorize;
  readonly apps: Pick<AppRegister, 'find'>;
  readonly placement: Pick<Clusters, 'of'>;
  readonly clusterNames: readonly string[];
  readonly index: Pick<IndexStore, 'written'>;
  readonly addressOf: AddressOf;
}

const LIMIT = 100;
const query = z.strictObject({
  after: hex32.optional().describe('`next` of the page before.'),
  limit: z.coerce.number().int().min(1).max(LIMIT).optional().describe('Default 100.'),
});
const walletQuery = query.extend({
  apps: z
    .literal('all')
    .optional()
    .describe(
      'Every app of the wallet, not the one of the token alone: by the wallet, operation `wallets.apps` as well.',
    ),
});
const next = z.string().nullable().describe('`after` of the next page; null after the last.');
const counted = {
  batches: z
    .int()
    .min(1)
    .describe(`Counted up to ${COUNTED.toLocaleString('en')}: as many means at least as many.`),
  events: z.int().min(1).describe('Of the batches that were counted, as they were signed.'),
  first: z.int().describe('Time of the earliest event of the first batch, milliseconds since the epoch.'),
  last: z.int().describe('The same of the last batch.'),
};
const subjects = z.array(z.object({ rootVersion: z.int().min(1), subject: hex32 }));

const clusterList = z.object({ clusters: z.array(z.object({ name: clusterShape, default: z.boolean() })) });
const walletView = z.object({
  wallet: hex32,
  address,
  cluster: clusterShape.describe('Keeps what the wallet writes now.'),
  apps: z.array(
    z.object({
      app: hex32,
      address,
      ...counted,
      subjects: subjects
        .optional()
        .describe('What stands for the wallet in public storage; told to the wallet itself only.'),
    }),
  ),
  next,
});
const appView = z.object({
  app: hex32,
  address,
  tier: z.enum(['free', 'premium']),
  open: z.boolean().describe('Takes writes without a token.'),
  unpaid: z.boolean().describe('A settlement could not be charged: writes are refused until it is funded.'),
});
const walletList = z.object({
  wallets: z.array(z.object({ wallet: hex32, address, cluster: clusterShape, ...counted })),
  next,
});

const walletParams = ownerShape.pick({ wallet: true });
const appParams = ownerShape.pick({ app: true });

/** Where wallets are, and which app has which: docs/dht.md. */
export const walletRoutes = (deps: WalletRoutesDeps): Route[] => [
  {
    access: { kind: 'public' },
    doc: {
      method: 'get',
      path: '/v1/clusters',
      tags: ['wallets'],
      summary: 'The clusters that a wallet can be in',
      responses: { 200: ok('By name; what their nodes are stays inside.', clusterList) },
    },
    handle(_request, response) {
      answerJson(response, 200, { clusters: deps.clusterNames.map((name, i) => ({ name, default: i === 0 })) });
    },
  },
  {
    access: { kind: 'token', operation: 'wallets.read', by: ['owner', 'app'] },
    doc: {
      method: 'get',
      path: '/v1/wallets/{wallet}',
      tags: ['wallets'],
      summary: 'Where a wallet is, and in which apps',
      description:
        'A token names an app, and of apps this one is shown, if the wallet has written to it. With `apps=all` the wallet sees every app that it has written to, page by page, by a token for any of them that names the operation `wallets.apps` as well.',
      request: { params: walletParams, query: walletQuery },
      responses: {
        200: ok('Apps in the order of their keys; without an app, nothing was indexed.', walletView),
      },
    },
    async handle(request, response) {
      const { wallet: hex } = checked(walletParams, request.params);
      const { after, limit = LIMIT, apps: wanted } = checked(walletQuery, request.query);
      const caller = deps.authorize(request, 'wallets.read');
      mustBeOwnerOrApp(caller, hex);
      const isOwner = caller.signer === 'wallet';
      const isAll = wanted === 'all';
      // Where else a wallet writes is nobody's business whom it lets look at one app.
      if (isAll) mustBeOwner(deps.authorize(request, 'wallets.apps'), hex);
      const wallet = fromHex(hex, 32);
      const of = isAll ? { wallet } : { wallet, app: fromHex(caller.app, 32) };
      const [[cluster], rows] = await Promise.all([
        deps.placement.of([wallet]),
        deps.index.written(of, { limit, ...(isAll ? pageAfter(after) : {}) }),
      ]);
      const apps = rows.map((row) => ({
        app: toHex(row.app),
        address: deps.addressOf(toHex(row.app)),
        ...countsOf(row),
        ...(isOwner ? { subjects: row.subjects.map((one) => ({ ...one, subject: toHex(one.subject) })) } : {}),
      }));
      answerJson(response, 200, {
        wallet: hex,
        address: deps.addressOf(hex),
        cluster,
        apps,
        next: isAll ? nextOf(apps, limit, 'app') : null,
      });
    },
  },
  {
    access: { kind: 'token', operation: 'wallets.read', by: ['app'] },
    doc: {
      method: 'get',
      path: '/v1/apps/{app}',
      tags: ['apps'],
      summary: 'How an app is registered',
      description: 'Up to 5 s behind a change.',
      request: { params: appParams },
      responses: { 200: ok('What counts now.', appView), 403: problem('`unknown_app`') },
    },
    async handle(request, response) {
      const { app } = checked(appParams, request.params);
      mustBeApp(deps.authorize(request, 'wallets.read', app));
      const found = await deps.apps.find({ hex: app, bytes: fromHex(app, 32) });
      if (!found) throw new ApiProblem('unknown_app');
      const { tier, open, unpaid } = found;
      answerJson(response, 200, { app, address: deps.addressOf(app), tier, open, unpaid });
    },
  },
  {
    access: { kind: 'token', operation: 'wallets.read', by: ['app'] },
    doc: {
      method: 'get',
      path: '/v1/apps/{app}/wallets',
      tags: ['apps'],
      summary: 'The wallets that wrote to an app',
      description:
        'In the order of their keys: whoever writes for the first time while pages are read comes or does not, everybody else comes once. Who was erased is not among them.',
      request: { params: appParams, query },
      responses: { 200: ok('One page.', walletList) },
    },
    async handle(request, response) {
      const { app } = checked(appParams, request.params);
      const { after, limit = LIMIT } = checked(query, request.query);
      mustBeApp(deps.authorize(request, 'wallets.read', app));
      const rows = await deps.index.written({ app: fromHex(app, 32) }, { limit, ...pageAfter(after) });
      const clusters = await deps.placement.of(rows.map((row) => row.wallet));
      const wallets = rows.map((row, i) => {
        const wallet = toHex(row.wallet);
        return { wallet, address: deps.addressOf(wallet), cluster: clusters[i], ...countsOf(row) };
      });
      answerJson(response, 200, { wallets, next: nextOf(wallets, limit, 'wallet') });
    },
  },
];

const pageAfter = (after: string | undefined) => (after === undefined ? {} : { after: fromHex(after, 32) });

const countsOf = ({ batches, events, first, last }: Written) => ({ batches, events, first, last });

const nextOf = <K extends string>(rows: readonly Readonly<Record<K, string>>[], limit: number, key: K) =>
  rows.length === limit ? (rows.at(-1)?.[key] ?? null) : null;
