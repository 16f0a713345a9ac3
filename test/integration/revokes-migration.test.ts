import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { migrate } from '../../connectors/postgres/database.ts';
import { createRequests } from '../../connectors/postgres/requests.ts';
import {
  type Content,
  type KindName,
  keyPairFromSeed,
  ready,
  signRequest,
  toHex,
  verifyRequest,
} from '../../protocol/index.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';

const bytes = (length: number) => new Uint8Array(randomBytes(length));

let db: TestDatabase;
beforeAll(async () => {
  await ready();
  db = await openTestDatabase('revokes_migration');
});
afterAll(() => db?.close());

test('revocations of before the migration end what they ended', async () => {
  const wallet = keyPairFromSeed('ed25519', bytes(32));
  const owner = { app: bytes(32), wallet: wallet.publicKey };
  const requests = createRequests(db, () => {
    throw new Error('none of these makes a root');
  });
  const accept = async <K extends KindName>(kind: K, content: Content<K>): Promise<Uint8Array> => {
    const id = bytes(16);
    const head = { kind, network: 'cere-sandbox', app: toHex(owner.app), wallet: toHex(owner.wallet), id: toHex(id) };
    const how = { signer: 'wallet', algorithm: 'ed25519', wrap: 'none', issuedAt: Date.now() } as const;
    const request = signRequest({ ...head, ...how, content }, wallet);
    await requests.once(verifyRequest<KindName>(request, { network: 'cere-sandbox', kind }), async () => ({}));
    return id;
  };
  const policy = { scopes: ['purchase'], recipients: 'app' as const, expiresAt: Date.now() + 3_600_000 };
  const [ended, standing] = [await accept('policy', policy), await accept('policy', policy)];
  await accept('revoke', { grant: ended });

  await sql`ALTER TABLE requests DROP COLUMN revokes`.execute(db.kysely);
  await sql`DROP INDEX requests_given`.execute(db.kysely);
  await sql`DELETE FROM migrations WHERE name = '100-revokes'`.execute(db.kysely);
  expect(await migrate(db)).toEqual(['100-revokes']);

  const list = await requests.list(owner, { limit: 10 });
  expect(new Map(list.map(({ request, revoked }) => [request.id, revoked]))).toEqual(
    new Map([
      [toHex(ended), true],
      [toHex(standing), false],
    ]),
  );
});
