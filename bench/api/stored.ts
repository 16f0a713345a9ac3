import { randomBytes } from 'node:crypto';
import { openKubo } from '../../connectors/ipfs/kubo.ts';
import { createFileKms } from '../../connectors/kms/file-kms.ts';
import { createApps } from '../../connectors/postgres/apps.ts';
import { type Database, openDatabase } from '../../connectors/postgres/database.ts';
import { insertBatches, insertSubjects } from '../../connectors/postgres/index-apply.ts';
import { isLive } from '../../connectors/postgres/index-entry-rows.ts';
import { createRequests } from '../../connectors/postgres/requests.ts';
import { openVault } from '../../connectors/vault/postgres-vault.ts';
import { type KeyPair, keyPairFromSeed, signBatch, signRequest, toHex, verifyRequest } from '../../protocol/index.ts';
import type { Account } from '../../sdk/js/index.ts';
import { encryptBatch } from '../../services/encryptor/encrypt-batch.ts';
import { createFlushKeys } from '../../services/encryptor/flush-keys.ts';
import { indexEntry } from '../../services/indexer/index-entry.ts';
import { batchBlock } from '../../services/pinner/batch-block.ts';
import { planFlush } from '../../services/pinner/plan-flush.ts';
import { processHost } from '../../services/pipeline/host/main.ts';
import { DEFAULT_CLUSTER } from '../../services/pipeline/ports/clusters.ts';
import { benchEvent } from '../workload.ts';

const HOUR = 3_600_000;

/** Puts batches where the rooms would have, by the rooms' own steps, without their logs. @returns the app, which may read everything */
export async function storeBatches(
  env: Readonly<Record<string, string>>,
  wish: { readonly accounts: readonly Account[]; readonly batches: number; readonly size: number },
): Promise<{ app: KeyPair; database: Database }> {
  const network = env.DDC_NETWORK as string;
  const app = keyPairFromSeed('sr25519', new Uint8Array(randomBytes(32)));
  const database = openDatabase(env.DATABASE_URL as string);
  const ipfs = openKubo({ name: DEFAULT_CLUSTER, url: env.IPFS_API as string });
  const { clock, random } = processHost;
  const keks = createFileKms(env.DDC_KEK_FILE as string, clock, random);
  const vault = openVault({ db: database, keks, random, clock, calendar: clock });
  await createApps(database).add({ app: app.publicKey, tier: 'free', open: true });
  const owners = wish.accounts.map((account) => ({ app: app.publicKey, wallet: account.publicKey }));
  const transits = await vault.transit(owners);
  const roots = await vault.roots(owners.map((owner, i) => ({ ...owner, rootVersion: transits[i]?.rootVersion ?? 0 })));
  const sources = owners.map(() => randomBytes(16).toString('hex'));
  const made = Array.from({ length: wish.batches }, (_, n) => {
    const i = n % owners.length;
    const account = wish.accounts[i] as Account;
    const owner = owners[i] as (typeof owners)[number];
    const root = roots[i];
    if (!root) throw new Error('the vault has no root');
    const now = Date.now() + n * 1_000;
    const signed = signBatch({
      ...{ network, app: toHex(app.publicKey), wallet: toHex(account.publicKey), source: sources[i] as string },
      ...{ seq: Math.floor(n / owners.length), issuedAt: now, signer: 'wallet', algorithm: account.algorithm },
      ...{ wrap: 'none', keyPair: account, events: Array.from({ length: wish.size }, () => benchEvent(now)) },
    });
    const body = encryptBatch({
      ...{ batch: signed, root, app: owner.app, keys: createFlushKeys() },
      random: (length) => new Uint8Array(randomBytes(length)),
    });
    return { owner, root, signed, body, block: batchBlock({ app: owner.app, ...body }) };
  });
  const plan = planFlush(made.map(({ block }) => ({ cluster: DEFAULT_CLUSTER, encoded: block.encoded })));
  for (const { car, root } of plan.clusters) await ipfs.importCar(car, root);
  const entries = made.map(({ owner, root, signed, body, block }, origin) => {
    const place = plan.places[origin];
    if (!place) throw new Error('a batch without a place');
    const at = { cluster: DEFAULT_CLUSTER, segment: place.segment.bytes, slot: place.slot };
    const { summary } = body;
    const named = { batchId: signed.batchId, ...owner, rootVersion: root.rootVersion };
    const pinned = { ...named, source: summary.source, seq: summary.seq, reason: null };
    return indexEntry({ origin, value: { ...pinned, body: { ...body, ...at, hash: block.hash, bytes: block.bytes } } });
  });
  const live = entries.filter(isLive);
  await database.kysely.transaction().execute(async (tx) => {
    await insertBatches(tx, 0, live);
    await insertSubjects(tx, live);
  });
  const requests = createRequests(database, () => {
    throw new Error('a policy makes no root');
  });
  for (const account of wish.accounts) {
    const now = Date.now();
    const policy = signRequest(
      {
        ...{ kind: 'policy' as const, network, app: toHex(app.publicKey), wallet: toHex(account.publicKey) },
        ...{ id: randomBytes(16).toString('hex'), issuedAt: now, signer: 'wallet' as const, wrap: 'none' as const },
        algorithm: account.algorithm,
        content: { scopes: ['__default_scope'], recipients: 'app', expiresAt: now + 24 * HOUR },
      },
      account,
    );
    await requests.once(verifyRequest(policy, { network, kind: 'policy' }), async () => ({}));
  }
  await vault.close();
  await ipfs.close();
  return { app, database };
}
