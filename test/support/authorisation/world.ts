import { randomBytes } from 'node:crypto';
import { type KeyPair, keyPairFromSeed, toHex } from '../../../protocol/index.ts';
import { someDeclaration } from '../../contract/exports.ts';
import { someReplay } from '../../contract/replays.ts';
import { app as appAccount } from '../api.ts';
import { call } from '../call-api.ts';
import { HOUR, type Party, readingWorld } from '../reading-world.ts';

/** Jobs of the app, each for what is done to it. */
export const REPLAYS = { shown: '00000001', paused: '00000002', resumed: '00000003', cancelled: '00000004' } as const;
const SCOPES = ['purchase', 'profile'];
const fresh = (): KeyPair => keyPairFromSeed('sr25519', new Uint8Array(randomBytes(32)));

/** One of everything that a route may name, and those who may and may not have it. */
export async function authorisationWorld() {
  // Where what is stored here is, so that who follows is told of it.
  const world = await readingWorld({ partitionOf: () => 0 });
  const { it, now } = world;
  const [owner, friend, stranger] = ['owner', 'friend', 'stranger'].map(world.party) as [Party, Party, Party];
  /** Registered, too: another one that is open, and one that is not. */
  const [otherApp, closedApp] = [fresh(), fresh()];
  await it.apps.add({ app: otherApp.publicKey, open: true });
  await it.apps.add({ app: closedApp.publicKey, open: false });
  await Promise.all([world.certify(owner), world.certify(friend), world.certify(stranger)]);

  const batch = world.batchOf(owner, 2);
  await world.store(batch);
  await world.grant(owner, friend);
  await owner.requests.policy({ scopes: SCOPES, recipients: 'app', expiresAt: now() + HOUR });
  // Of the other app, and of the stranger, there is something as well: what they are told must not be theirs to begin with.
  await world.store(world.batchOf(stranger, 1));
  const { id: removal } = await owner.requests.remove({ session: 'at the doctor' });
  const place = `/v1/wallets/${toHex(owner.account.publicKey)}/apps/${toHex(world.app)}`;

  const uploaded = await fetch(`${it.url}${place}/blobs?upload=${toHex(randomBytes(16))}&scope=purchase`, {
    method: 'POST',
    headers: world.token(owner, 'blobs.write'),
    body: 'a picture',
  });
  const offer = { scopes: SCOPES, types: null, sinks: ['ndjson'], partners: null, expiresAt: now() + HOUR };
  await it.offers.put({ ...offer, app: world.app });
  const by = `wallet:${toHex(friend.account.publicKey)}` as const;
  for (const name of ['sales', 'gone']) await it.exports.add(someDeclaration({ name, app: world.app }), 'paused');
  for (const name of ['theirs', 'theirs-gone'])
    await it.exports.add(someDeclaration({ name, app: world.app, by, sink: 'ndjson' }), 'paused');
  // Into targets of their own: an export that is replayed into is not resumed.
  const replay = (id: string) => {
    const { spec, ...job } = someReplay(id, world.app);
    return { ...job, spec: { ...spec, target: { kind: 'sink' as const } } };
  };
  for (const id of Object.values(REPLAYS)) await it.replays.add(replay(id));
  await it.replays.change(REPLAYS.resumed, 1, { ...replay(REPLAYS.resumed), state: 'paused' });
  const { cid } = (await uploaded.json()) as { cid: string };
  const { events } = await world.page(owner, world.token(owner));
  const [first] = events;
  if (!first) throw new Error('nothing was stored');
  const envelope = first.envelopes.purchase as string;
  return {
    ...world,
    owner,
    friend,
    stranger,
    offer,
    appKeys: appAccount as KeyPair,
    otherApp,
    closedApp,
    place,
    batchId: toHex(batch.batchId),
    eventId: batch.events[0]?.id as string,
    cid,
    removal,
    /** An envelope of the owner's, as decryption takes it. */
    sealed: {
      ...{ app: toHex(world.app), wallet: toHex(owner.account.publicKey) },
      ...{ rootVersion: first.rootVersion, subject: first.subject },
      items: [{ eventId: batch.events[0]?.id as string, scope: 'purchase', envelope }],
    },
    /** Ends a token. */
    disown: (body: object) => call(`${it.url}/v1/tokens/revoke`, { body }),
  };
}

export type AuthorisationWorld = Awaited<ReturnType<typeof authorisationWorld>>;
