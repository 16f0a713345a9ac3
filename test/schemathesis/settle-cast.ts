import { toHex } from '../../protocol/index.ts';
import { eventually } from '../support/room-process.ts';
import { batchOf, type Cast, random, requestOf, tokenOf } from './cast.ts';
import { declarationOf, offerOf, partnerOf, replayOf } from './export-bodies.ts';
import type { Standing } from './pool.ts';

interface Answered {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

type Say = (path: string, body: unknown, token?: string) => Promise<Answered>;

/** Writes what there is to read: batches, a blob, policies, certificates, exports, replays, a removal. @param indexed waits until the index has the batches */
export async function settleCast(url: string, cast: Cast, indexed: boolean): Promise<Standing> {
  const { staying, moved, erased, encryptionKeys } = cast;
  const say: Say = async (path, body, token) => {
    const headers = { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) };
    const sent = { method: 'POST', headers, body: JSON.stringify(body) };
    const answer = await fetch(`${url}${path}`, sent);
    const said = (await answer.json()) as Record<string, unknown>;
    if (!answer.ok) throw new Error(`POST ${path}: ${answer.status} ${JSON.stringify(said)}`);
    return { status: answer.status, body: said };
  };

  const grantIds: string[] = [];
  for (const [i, wallet] of staying.entries()) {
    await say('/v1/certificates', requestOf(cast, wallet, 'recipient', { x25519: encryptionKeys[i] }));
    const policy = requestOf(cast, wallet, 'policy', { scopes: ['page', 'purchase'], recipients: 'app' });
    await say('/v1/policies', policy);
    grantIds.push(policy.id);
  }
  const grant = { scope: 'page', fromEpoch: 0, recipient: encryptionKeys[staying.indexOf(partnerOf(cast))] };
  await say('/v1/grants', requestOf(cast, staying[0] as Cast['app'], 'grant', grant));
  const cid = await uploaded(url, cast);
  const batchIds: string[] = [];
  const eventIds: string[] = [];
  for (const wallet of [...staying, ...staying, ...moved, ...erased]) {
    const stays = staying.includes(wallet);
    const { header, events } = batchOf(cast, wallet, stays ? 3 : 1, wallet === staying[0] ? cid : undefined);
    const { body } = await say('/v1/batches', { header, events });
    if (!stays) continue;
    batchIds.push(body.batchId as string);
    eventIds.push(...events.map((event) => event.id));
  }
  const [gone = cast.app] = erased;
  const erasure = requestOf(cast, gone, 'erase');
  await say('/v1/erasures', erasure);
  if (indexed) {
    await eventually('the batches are indexed', async () => {
      const { body } = await say('/v1/batches/status', { ids: batchIds });
      const batches = body.batches as { stages: { indexed: boolean } }[];
      return batches.every(({ stages }) => stages.indexed) ? true : null;
    });
    const address = `${url}/v1/wallets/${toHex(gone.publicKey)}/apps/${toHex(cast.app.publicKey)}/removals/${erasure.id}`;
    const headers = { authorization: `Bearer ${tokenOf(cast, gone, ['removals.read'])}` };
    await eventually('a wallet is erased', async () => {
      const { state } = (await (await fetch(address, { headers })).json()) as { state?: string };
      return state === 'done' ? true : null;
    });
  }
  const removal = requestOf(cast, staying[0] as Cast['app'], 'remove', { session: 'another' });
  await say('/v1/removals', removal);
  const made = await settleExports(say, cast);
  return { batchIds, eventIds, cids: [cid], removalIds: [removal.id], grantIds, ...made };
}

/** Exports and replays that nobody works on, for each operation its own, and an offer to partners. */
async function settleExports(say: Say, cast: Cast): Promise<Pick<Standing, 'exports' | 'replays'>> {
  const app = `/v1/apps/${toHex(cast.app.publicKey)}`;
  const token = tokenOf(cast, cast.app, ['exports.write']);
  const exports = { shown: 'shown', paused: 'paused', resumed: 'resumed', removed: 'removed' };
  for (const name of Object.values(exports))
    await say(`${app}/exports?paused=true`, declarationOf(cast, cast.app, name), token);
  await say(`${app}/export-offer`, offerOf(), token);
  const replay = async () => (await say(`${app}/replays`, replayOf(cast), token)).body.id as string;
  const replays = {
    shown: [await replay()],
    paused: [await replay(), await replay()],
    resumed: [await replay(), await replay()],
    cancelled: [await replay(), await replay(), await replay()],
  };
  for (const id of replays.resumed) await say(`${app}/replays/${id}/pause`, {}, token);
  return { exports, replays };
}

async function uploaded(url: string, cast: Cast): Promise<string> {
  const [wallet = cast.app] = cast.staying;
  const owner = `wallets/${toHex(wallet.publicKey)}/apps/${toHex(cast.app.publicKey)}`;
  const answer = await fetch(`${url}/v1/${owner}/blobs?upload=${toHex(random(16))}&scope=page`, {
    method: 'POST',
    headers: { authorization: `Bearer ${tokenOf(cast, wallet, ['blobs.write'])}` },
    body: Buffer.alloc(100_000, 7),
  });
  if (answer.status !== 201) throw new Error(`blob: ${answer.status} ${await answer.text()}`);
  return ((await answer.json()) as { cid: string }).cid;
}
