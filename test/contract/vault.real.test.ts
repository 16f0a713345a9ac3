import { afterAll, beforeAll } from '@jest/globals';
import { createConsents } from '../../connectors/postgres/consents.ts';
import type { Database } from '../../connectors/postgres/database.ts';
import { createRequests } from '../../connectors/postgres/requests.ts';
import { overwriteRoots } from '../../connectors/postgres/user-roots.ts';
import { createFreshRoot } from '../../connectors/vault/fresh-root.ts';
import { openVault } from '../../connectors/vault/postgres-vault.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { vaultContract } from './vault.ts';

let db: TestDatabase;
let statements = 0;
beforeAll(async () => {
  db = await openTestDatabase('vault');
});
afterAll(() => db.close());

vaultContract('PostgreSQL', async (options) => ({
  vault: openVault({ db: { ...db, kysely: counting(db) }, ...options }),
  requests: createRequests(db, createFreshRoot(options.keks, options.random)),
  consents: createConsents(db),
  async erase(owner) {
    await overwriteRoots(db.kysely, owner);
  },
  async toClient({ app, wallet }, subject) {
    const update = db.kysely.updateTable('user_roots').set({ mode: 'client', subject });
    await update.where('app', '=', app).where('wallet', '=', wallet).execute();
  },
  another: () => openVault({ db, ...options }),
  loads: () => statements,
}));

/** Counts the round trips of one handle. */
function counting({ kysely }: Database): Database['kysely'] {
  return kysely.withPlugin({
    transformQuery: ({ node }) => {
      statements += 1;
      return node;
    },
    transformResult: async ({ result }) => result,
  });
}
