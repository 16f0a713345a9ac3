import { CID } from 'multiformats/cid';
import { z } from 'zod';
import { fromHex, toHex } from '../../../protocol/index.ts';
import type { Consents } from '../../pipeline/ports/consents.ts';
import type { IndexedBatch, IndexStore } from '../../pipeline/ports/index-store.ts';
import type { Vault } from '../../pipeline/ports/vault.ts';
import { answerJson } from '../answer.ts';
import type { AppRegister } from '../app-register.ts';
import { type Auth, mustBeOwner } from '../auth/bearer.ts';
import { ApiProblem } from '../problems.ts';
import { checked, ok, problem, type Route } from '../route.ts';
import { appTokenHeader, epochShape, hex32, ownerShape } from '../shapes.ts';
import { mayHaveRoot } from './root-of-app.ts';

export interface StoredBatchRoutesDeps {
  readonly auth: Pick<Auth, 'authorize' | 'appToken'>;
  readonly apps: Pick<AppRegister, 'find'>;
  readonly vault: Pick<Vault, 'transit' | 'roots'>;
  readonly consents: Pick<Consents, 'of'>;
  readonly index: Pick<IndexStore, 'ofWallet'>;
}

const modeShape = z.enum(['service', 'client']);
const walletMode = z.object({
  mode: modeShape,
  rootVersion: z.int().min(1),
  subject: hex32.describe('Under which batches are written now.'),
  epoch: epochShape,
});
const storedBatches = z.object({
  batches: z.array(
    z.object({
      batchId: hex32,
      mode: modeShape,
      rootVersion: z.int().min(1),
      subject: hex32,
      epoch: epochShape,
      count: z.int().min(1),
      time: z.int().describe('Of its earliest event, milliseconds since the epoch.'),
      cluster: z.string(),
      segment: z.string().describe('CID of the segment.'),
      slot: z.int().min(0).describe('The batch is `<segment>/batches/<slot>`.'),
      hash: hex32.describe('BLAKE2b-256 of its DAG-CBOR: what was settled.'),
    }),
  ),
  next: z.string().nullable().describe('`after` of the next page; null after the last.'),
});
const query = z.strictObject({
  after: z
    .string()
    .regex(/^-?\d{1,15}\.[0-9a-f]{64}$/, 'must be `next` of the page before')
    .optional()
    .describe('`next` of the page before.'),
  limit: z.coerce.number().int().min(1).max(1000).optional().describe('Default 100.'),
});

const owned = {
  403: problem('`unknown_app`'),
};

/** For owners who read and encrypt by themselves: under what they write, and where what they wrote stands. */
export const storedBatchRoutes = ({ auth, apps, vault, consents, index }: StoredBatchRoutesDeps): Route[] => [
  {
    access: { kind: 'token', operation: 'move', by: ['owner'] },
    doc: {
      method: 'get',
      path: '/v1/wallets/{wallet}/apps/{app}/mode',
      tags: ['keys & grants'],
      summary: 'Who encrypts, and under which subject',
      description: 'Up to 5 s behind a move.',
      request: { params: ownerShape, headers: appTokenHeader },
      responses: {
        200: ok('What counts now.', walletMode),
        ...owned,
        403: problem('`unknown_app`, `app_closed`'),
        410: problem('`erased`'),
      },
    },
    async handle(request, response) {
      const { wallet, app } = checked(ownerShape, request.params);
      mustBeOwner(auth.authorize(request, 'move', app), wallet);
      const owner = { app: fromHex(app, 32), wallet: fromHex(wallet, 32) };
      await mayHaveRoot({ apps, vault }, owner, auth.appToken(request));
      const [[transit], [state]] = await Promise.all([vault.transit([owner]), consents.of([owner])]);
      if (!transit) throw new ApiProblem('erased');
      const { mode, rootVersion, subject } = transit;
      answerJson(response, 200, { mode, rootVersion, subject: toHex(subject), epoch: state?.epoch ?? 0 });
    },
  },
  {
    access: { kind: 'token', operation: 'batches.locate', by: ['owner'] },
    doc: {
      method: 'get',
      path: '/v1/wallets/{wallet}/apps/{app}/stored-batches',
      tags: ['batches'],
      summary: "Where the wallet's batches stand in IPFS",
      description: 'It ties the wallet to its subjects. Oldest first; what was erased is not among them.',
      request: { params: ownerShape, query },
      responses: { 200: ok('One page.', storedBatches), ...owned },
    },
    async handle(request, response) {
      const { wallet, app } = checked(ownerShape, request.params);
      const { after, limit = 100 } = checked(query, request.query);
      mustBeOwner(auth.authorize(request, 'batches.locate', app), wallet);
      const page = { ...(after === undefined ? {} : { after: placeOf(after) }), limit };
      const found = await index.ofWallet(fromHex(app, 32), fromHex(wallet, 32), page);
      const batches = found.flatMap(shown);
      const last = found.length === limit ? batches.at(-1) : undefined;
      answerJson(response, 200, { batches, next: last ? `${last.time}.${last.batchId}` : null });
    },
  },
];

function placeOf(after: string): { time: number; batchId: Uint8Array } {
  const [time = '', id = ''] = after.split('.');
  return { time: Number(time), batchId: fromHex(id, 32) };
}

function shown({ batchId, rootVersion, body }: IndexedBatch) {
  if (body === null) return [];
  const { mode, subject, epoch, summary, cluster, segment, slot, hash } = body;
  return [
    {
      ...{ batchId: toHex(batchId), mode, rootVersion, subject: toHex(subject), epoch },
      ...{ count: summary.count, time: summary.timeMin, cluster },
      ...{ segment: CID.decode(segment).toString(), slot, hash: toHex(hash) },
    },
  ];
}
