import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { prepareSqlglot } from './prepared.mjs';

const SCRIPT = fileURLToPath(new URL('athena-sql.py', import.meta.url));

/** What a `CREATE EXTERNAL TABLE` says, as a parser of Athena's SQL understands it. Types as DuckDB writes them. */
export interface SaidTable {
  readonly table: string;
  readonly columns: readonly (readonly [name: string, type: string])[];
  readonly partitions: readonly (readonly [name: string, type: string])[];
  readonly location: readonly string[];
  readonly format: readonly string[];
  readonly properties: Readonly<Record<string, string>>;
}

/** @throws where it is no SQL */
export async function parseAthena(sql: string): Promise<SaidTable[]> {
  const { python, folder } = await prepareSqlglot();
  const env = { ...process.env, PYTHONPATH: folder };
  const output = await new Promise<string>((resolve, reject) => {
    const child = execFile(python, [SCRIPT], { env }, (error, stdout) => (error ? reject(error) : resolve(stdout)));
    child.stdin?.end(sql);
  });
  return JSON.parse(output) as SaidTable[];
}
