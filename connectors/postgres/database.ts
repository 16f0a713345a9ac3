import {
  Kysely,
  PostgresDialect,
  type PostgresPool,
  type PostgresPoolClient,
  type PostgresQueryResult,
  type Transaction,
} from 'kysely';
import pg from 'pg';
import { breaksConnection, toPostgresError } from './errors.ts';
import type { Tables } from './tables.ts';

export { migrate } from './migrate.ts';

/** A pool of connections to one PostgreSQL database. Survives restarts of the server: calls meanwhile fail with `RetriableError`. */
export interface Database {
  readonly kysely: Kysely<Tables>;
  close(): Promise<void>;
}

/** What a statement runs on: the pool, or one transaction. */
export type Executor = Kysely<Tables> | Transaction<Tables>;

export interface DatabaseOptions {
  /** Most connections at once. Default 8. */
  readonly connections?: number;
  /** A statement that takes longer is cancelled by the server. Milliseconds, default 30,000. */
  readonly statementTimeoutMs?: number;
  /** Longest wait for a connection (a new one, or a free one of the pool). Milliseconds, default 5,000. */
  readonly connectTimeoutMs?: number;
  /** Told of connections that broke while idle; the pool replaces them by itself. */
  readonly onIdleError?: (error: Error) => void;
}

const INT8 = 20;
const BYTEA = 17;

function parseInt8(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`a bigint column holds ${text}, beyond 2^53: use numeric`);
  return value;
}

function parseBytea(text: string): Uint8Array {
  const bytes = pg.types.getTypeParser(BYTEA, 'text')(text) as Buffer;
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** bigint → number (offsets, counts, times), bytea → Uint8Array, numeric → string (amounts). */
const types = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    if (oid === INT8) return parseInt8;
    if (oid === BYTEA) return parseBytea;
    return pg.types.getTypeParser(oid, format);
  },
} as pg.CustomTypesConfig;

/** Opens a pool. Nothing is connected until the first statement. */
export function openDatabase(url: string, options: DatabaseOptions = {}): Database {
  const statementTimeout = options.statementTimeoutMs ?? 30_000;
  const pool = new pg.Pool({
    connectionString: url,
    max: options.connections ?? 8,
    connectionTimeoutMillis: options.connectTimeoutMs ?? 5_000,
    statement_timeout: statementTimeout,
    // A frozen server cancels nothing: the client gives up on its own a little later.
    query_timeout: statementTimeout + 5_000,
    idle_in_transaction_session_timeout: 2 * statementTimeout,
    keepAlive: true,
    types,
  });
  // Without a listener a restart of the server would end the process.
  pool.on('error', (error) => options.onIdleError?.(error));
  pool.on('connect', (client) => client.on('error', () => undefined));
  return {
    kysely: new Kysely<Tables>({ dialect: new PostgresDialect({ pool: withMappedErrors(pool) }) }),
    async close() {
      if (!pool.ended && !pool.ending) await pool.end();
    },
  };
}

/** Every error that leaves the pool is mapped here, once, and a broken connection is thrown away instead of reused. */
function withMappedErrors(pool: pg.Pool): PostgresPool {
  return {
    async connect() {
      const client = await pool.connect().catch((error: unknown) => {
        throw toPostgresError(error);
      });
      return withMappedQueries(client);
    },
    end: () => pool.end(),
  };
}

function withMappedQueries(client: pg.PoolClient): PostgresPoolClient {
  let broken = false;
  async function mapped(statement: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<unknown>> {
    try {
      // The library types `command` as text; kysely lists the words it knows.
      return (await client.query(statement, [...parameters])) as PostgresQueryResult<unknown>;
    } catch (error) {
      const known = toPostgresError(error);
      broken ||= breaksConnection(known);
      throw known;
    }
  }
  const query = mapped as PostgresPoolClient['query'];
  return { query, release: () => client.release(broken) };
}
