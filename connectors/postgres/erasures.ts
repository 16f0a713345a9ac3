import { sql } from 'kysely';
import type { Erasures } from '../../services/pipeline/ports/erasures.ts';
import type { Database } from './database.ts';
import { unnest } from './unnest.ts';

/** Erasures from the table `removals`. */
export function createErasures({ kysely }: Database): Erasures {
  const erasures = () =>
    kysely
      .selectFrom('removals')
      .select(['id', 'app', 'wallet', 'issued_at as issuedAt', 'fence', 'root_versions as rootVersions'])
      .where('kind', '=', 'erase');
  return {
    all: () => erasures().execute(),
    of: (owners) =>
      erasures()
        .where(sql<boolean>`(app, wallet) IN (SELECT * FROM ${unnest(owners, { app: 'bytea', wallet: 'bytea' })})`)
        .execute(),
    open: () => erasures().where(sql<boolean>`(state <> 'done' OR pending <> '{}')`).execute(),
  };
}
