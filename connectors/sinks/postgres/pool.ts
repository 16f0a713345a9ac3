import { readFileSync } from 'node:fs';
import pg from 'pg';

/** Enough for several partitions, an erasure and a removal at a time. */
const CONNECTIONS = 6;

export interface PoolConfig {
  readonly url: string;
  readonly password?: string | undefined;
  readonly tls: 'verify' | 'off';
  readonly ca?: string | undefined;
  readonly statementTimeoutMs: number;
  readonly connectTimeoutMs: number;
}

/** Connections to the target, opened when they are needed. */
export interface Pool {
  query(statement: string, parameters?: readonly unknown[]): Promise<readonly Record<string, unknown>[]>;
  /**
   * Runs `work` in one transaction, in which every statement sees what was committed before it.
   * @returns what it returns, and rolls back where that is null
   */
  transaction<T>(work: (query: Pool['query']) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Said member by member: what `pg` reads out of a URL replaces what is said beside it, the password too. */
function serverOf({ url, password }: Pick<PoolConfig, 'url' | 'password'>): pg.PoolConfig {
  const { hostname, port, username, password: inUrl, pathname } = new URL(url);
  const said = decodeURIComponent(inUrl) || (password ?? '');
  return {
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    ...(port === '' ? {} : { port: Number(port) }),
    ...(username === '' ? {} : { user: decodeURIComponent(username) }),
    ...(pathname.length > 1 ? { database: decodeURIComponent(pathname.slice(1)) } : {}),
    // A text that is empty would be looked for in PGPASSWORD and ~/.pgpass of this machine.
    password: () => said,
  };
}

/** @throws when the file `ca` cannot be read; nothing is connected yet */
export function openPool(config: PoolConfig): Pool {
  const { tls, ca, statementTimeoutMs } = config;
  const trusted = { rejectUnauthorized: true, ...(ca === undefined ? {} : { ca: readFileSync(ca, 'utf8') }) };
  const pool = new pg.Pool({
    ...serverOf(config),
    ssl: tls === 'off' ? false : trusted,
    max: CONNECTIONS,
    application_name: 'cere-ddc-export',
    connectionTimeoutMillis: config.connectTimeoutMs,
    statement_timeout: statementTimeoutMs,
    lock_timeout: statementTimeoutMs,
    // A frozen server cancels nothing: the client gives up on its own a little later.
    query_timeout: statementTimeoutMs + 1_000,
    // Of a member that fell asleep in the middle of a transaction nothing is left then.
    idle_in_transaction_session_timeout: 2 * statementTimeoutMs,
    keepAlive: true,
  });
  // Without a listener a restart of the server would end the process; the next statement says the same.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));

  async function connected<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const client = await pool.connect();
    let broken = true;
    try {
      const result = await work(client);
      broken = false;
      return result;
    } finally {
      // After an error nobody knows what the connection is in the middle of.
      client.release(broken);
    }
  }

  const on =
    (client: pg.PoolClient): Pool['query'] =>
    async (statement, parameters = []) =>
      (await client.query(statement, [...parameters])).rows as Record<string, unknown>[];

  return {
    query: (statement, parameters) => connected((client) => on(client)(statement, parameters)),
    transaction: (work) =>
      connected(async (client) => {
        const query = on(client);
        await query('BEGIN ISOLATION LEVEL READ COMMITTED');
        const result = await work(query);
        await query(result === null ? 'ROLLBACK' : 'COMMIT');
        return result;
      }),
    async close() {
      if (!pool.ended && !pool.ending) await pool.end();
    },
  };
}
