import { sql } from 'kysely';
import type { TestDatabase } from '../support/database.ts';
import { type ConnectorOptions, type RunningConnect, startConnect } from '../support/engines/connect.ts';
import { uniqueName } from '../support/kafka.ts';
import { type Figures, postgresFigures } from './figures.ts';

const TABLE = 'sale';

/** Debezium's JDBC sink, from the topic to a table in PostgreSQL. */
export interface JdbcEngine {
  /** Once the table has so many rows. */
  figures(count: number): Promise<Figures>;
  /** `kill -9` of the worker, and a new start. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** @param env the variables that the worker names */
export async function startJdbc(
  env: Readonly<Record<string, string>>,
  topic: string,
  database: TestDatabase,
): Promise<JdbcEngine> {
  const { hostname, port, pathname, username, password } = new URL(database.url);
  const connector: ConnectorOptions = { file: 'jdbc-sink', over: { name: uniqueName('jdbc') } };
  const connect: RunningConnect = await startConnect([connector], {
    ...env,
    ...{ DDC_TOPIC: topic, JDBC_TABLE: TABLE, JDBC_LEAVE_OUT: 'lines' },
    JDBC_URL: `jdbc:postgresql://${hostname}:${port}${pathname}`,
    ...{ JDBC_USER: decodeURIComponent(username), JDBC_PASSWORD: decodeURIComponent(password) },
  });
  const countNow = async (): Promise<number> => {
    const there = await sql<{ t: string | null }>`SELECT to_regclass(${TABLE})::text AS t`.execute(database.kysely);
    if (!there.rows[0]?.t) return 0;
    const { rows } = await sql<{ n: string }>`SELECT count(*) AS n FROM ${sql.table(TABLE)}`.execute(database.kysely);
    return Number(rows[0]?.n);
  };
  return {
    async figures(count) {
      await connect.until(`the table has ${count} rows`, async () => (await countNow()) === count);
      const { rows } = await sql.raw<Figures>(postgresFigures(TABLE)).execute(database.kysely);
      return rows[0] as Figures;
    },
    restart: () => connect.restart(),
    close: () => connect.close(),
  };
}
