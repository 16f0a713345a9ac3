import type { ExportOffers } from '../../services/pipeline/ports/export-offers.ts';
import type { Database } from './database.ts';

/** Offers of apps in PostgreSQL. */
export const createExportOffers = ({ kysely }: Database): ExportOffers => ({
  async put({ app, scopes, types, sinks, partners, expiresAt }) {
    const values = {
      ...{ scopes: [...scopes], types: types && [...types], sinks: [...sinks] },
      ...{ partners: partners && [...partners], expires_at: expiresAt },
    };
    await kysely
      .insertInto('export_offers')
      .values({ app, ...values })
      .onConflict((conflict) => conflict.column('app').doUpdateSet(values))
      .execute();
  },
  async find(app) {
    const row = await kysely.selectFrom('export_offers').selectAll().where('app', '=', app).executeTakeFirst();
    if (!row) return null;
    const { expires_at, ...rest } = row;
    return { ...rest, expiresAt: expires_at };
  },
});
