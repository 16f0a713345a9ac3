import { sql } from 'kysely';
import type { Erasures } from '../../services/pipeline/ports/erasures.ts';
import type { Database } from './database.ts';

/** Erasures from the table `removals`. */
export function createErasures({ kysely }: Database): Erasures {
  const erasures = () =>
    kysely
      .selectFrom('removals')
      .select(['id', 'app', 'wallet', 'issued_at as issuedAt', 'fence', 'root_versions as rootVersions'])
      .where('kind', '=', 'erase');
  return {
    all: () => erasures().execute(),
    open: () => erasures().where(sql<boolean>`(state <> 'done' OR pending <> '{}')`).execute(),
  };
}
