import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { parseKeks } from '../../connectors/kms/kek-list.ts';
import { createMemoryConsents } from '../../connectors/vault/memory-consents.ts';
import { createMemoryRequests } from '../../connectors/vault/memory-requests.ts';
import { createMemoryVault } from '../../connectors/vault/memory-vault.ts';
import { encryptionKeyPairFromSeed, type KeyPair } from '../../protocol/index.ts';
import { type Account, accountFromPhrase, DdcClient, deriveAccount } from '../../sdk/js/index.ts';
import { app as appAccount, type MemoryApi, startMemoryApi } from '../../test/support/api.ts';

const PHRASE = 'bottom drive obey lake curtain smoke basket hold race lonely fit walk//fetched-keys';
const HOUR = 3_600_000;
const app = appAccount.publicKey;
const bytes = (length: number) => new Uint8Array(randomBytes(length));
const newPair = (): KeyPair => encryptionKeyPairFromSeed(bytes(32));

let it: MemoryApi;
let client: DdcClient;
/** Signs by a clock that is behind. */
let behind: DdcClient;
let root: Account;
let owner: Account;
/** What happens once keys are open, before the request that asked for them is stored. */
let meanwhile: () => Promise<unknown> = async () => undefined;

beforeAll(async () => {
  const keks = parseKeks(`1 ${'11'.repeat(32)}`);
  const clock = { now: () => Date.now() };
  const vault = createMemoryVault({ keks, random: { bytes }, clock, calendar: clock });
  it = await startMemoryApi({
    requests: createMemoryRequests(vault.tables, keks, { bytes }),
    consents: createMemoryConsents(vault.tables),
    vault: {
      ...vault,
      async scopeKeys(requests) {
        const given = await vault.scopeKeys(requests);
        await meanwhile();
        return given;
      },
    },
  });
  const settings = { endpoint: it.url, network: 'cere-sandbox', app };
  client = new DdcClient(settings);
  behind = new DdcClient({ ...settings, now: () => Date.now() - 60_000 });
  root = await accountFromPhrase(PHRASE);
});
afterAll(async () => {
  client.close();
  behind.close();
  await it.api.close();
});
beforeEach(() => {
  owner = deriveAccount(root, `//owner-${randomBytes(6).toString('hex')}`);
});

test('keys that were sealed before an erasure which commits first are not answered, nor kept', async () => {
  const mine = client.requests(owner);
  const pair = newPair();
  expect(await mine.keys(['purchase'], pair)).toHaveLength(1);
  meanwhile = () => behind.requests(owner).erase();
  try {
    await expect(mine.keys(['purchase'], pair)).rejects.toMatchObject({ code: 'erased' });
  } finally {
    meanwhile = async () => undefined;
  }
});

test('keys are sealed to the newest 8 certificates of the caller, and 1,000 keys are the most of all together', async () => {
  const friend = deriveAccount(root, `//friend-${randomBytes(6).toString('hex')}`);
  const [mine, friends] = [client.requests(owner), client.requests(friend)];
  const pairs = Array.from({ length: 9 }, newPair);
  // By a clock that is behind: the oldest.
  await behind.requests(friend).certify((pairs[0] as KeyPair).publicKey, Date.now() + HOUR);
  for (const pair of pairs.slice(1)) await friends.certify(pair.publicKey, Date.now() + HOUR);
  const scopes = Array.from({ length: 64 }, (_, i) => `s${i}`);
  const policy = () =>
    client.requests(owner).policy({ scopes, recipients: [friend.publicKey], expiresAt: Date.now() + HOUR });
  const { id } = await policy();
  const counts: number[] = [];
  for (const pair of pairs) counts.push((await friends.fetchKeys(owner.publicKey, scopes, pair)).length);
  expect(counts).toEqual([0, ...new Array(8).fill(64)]);
  await mine.revoke(id);
  await policy();
  await expect(friends.fetchKeys(owner.publicKey, scopes, pairs[1] as KeyPair)).rejects.toMatchObject({
    code: 'too_many_keys',
  });
  expect((await mine.grants()).grants.map(({ state }) => state)).toEqual(['live', 'revoked']);
});
