import { sql } from 'kysely';
import { openDatabase } from '../../../connectors/postgres/database.ts';
import { readSchema } from '../../../connectors/sinks/postgres/trial.ts';
import { sumName, toldSum } from '../sums.ts';
import { FLOW_TYPES, type Sum } from '../types.ts';
import { type Reader, textsOf } from './reader.ts';

const summed = ({ column, member }: Sum) =>
  member === undefined
    ? sql`sum(${sql.ref(column)})::text`
    : sql`sum((SELECT sum((one ->> ${sql.lit(member)})::numeric) FROM jsonb_array_elements(${sql.ref(column)}) AS one))::text`;

/** SQL, as anybody writes it: `SELECT sum(amount) FROM shop.purchase`. */
export const postgres: Reader = {
  name: 'sql',
  sinks: ['postgres'],
  async read({ config }) {
    const [url, schema] = [String(config.url), String(config.schema)];
    const database = openDatabase(url, { connections: 1 });
    const [counts, sums] = [new Map<string, number>(), new Map<string, string>()];
    try {
      for (const type of FLOW_TYPES) {
        const table = sql.table(`${schema}.${type.table.name.toLowerCase()}`);
        const columns = [sql`count(*)::text`, ...type.sums.map(summed)].map(
          (one, i) => sql`${one} AS ${sql.ref(`c${i}`)}`,
        );
        const { rows } = await sql<Record<string, unknown>>`SELECT ${sql.join(columns)} FROM ${table}`.execute(
          database.kysely,
        );
        counts.set(type.table.name, Number(rows[0]?.c0));
        for (const [i, sum] of type.sums.entries()) sums.set(sumName(type, sum), toldSum(rows[0]?.[`c${i + 1}`], sum));
      }
    } finally {
      await database.close();
    }
    return {
      rows: textsOf(
        await readSchema(
          url,
          schema,
          FLOW_TYPES.map(({ table }) => table),
        ),
      ),
      counts,
      sums,
    };
  },
};
