import { indexRows } from '../../cli/census/index-rows.ts';
import { fromHex, toHex } from '../../protocol/index.ts';
import { parquetRows } from '../support/parquet-rows.ts';
import type { SuiteSandbox } from '../support/sandbox.ts';
import type { Person } from './people.ts';
import { rootsOf } from './roots-of.ts';

/** What is left of the erased, and what is missing of all others. Empty when all is as it should be. */
export interface Verdict {
  /** Batches of the erased that the index still has, and rows of theirs in the export. */
  readonly indexed: number;
  readonly exported: number;
  /** Roots of the erased that still open. */
  readonly opening: number;
  /** Safe batches of the others that the index or the export does not have. */
  readonly missing: readonly string[];
}

export async function verdict(
  it: SuiteSandbox,
  everybody: readonly Person[],
  gone: ReadonlySet<Person>,
): Promise<Verdict> {
  const { stores, deployment, app } = it;
  const others = everybody.filter((person) => !gone.has(person));
  const wallets = [...gone].map((person) => Buffer.from(person.account.publicKey));
  const { kysely } = stores.database;
  const left =
    wallets.length === 0
      ? []
      : await kysely.selectFrom('batches').select('batch_id').where('wallet', 'in', wallets).execute();
  const rows = (await parquetRows(deployment.exportFolder)).map((line) => JSON.parse(line) as Record<string, string>);
  const names = new Set(wallets.map((wallet) => toHex(wallet)));
  const walletOf = (row: Record<string, string>) => row.wallet ?? '';
  const exportedBatches = new Set(rows.map((row) => row.batch_id ?? row.batchId ?? ''));
  const safe = others.flatMap((person) => [...person.safe]);
  const indexed = new Set(
    (
      await indexRows(
        stores.database,
        safe.map((id) => fromHex(id, 32)),
      )
    ).map(({ batchId }) => toHex(batchId)),
  );
  const roots = await rootsOf(
    stores,
    wallets.map((wallet) => ({ app, wallet, rootVersion: 1 })),
  );
  return {
    indexed: left.length,
    exported: rows.filter((row) => names.has(walletOf(row))).length,
    opening: roots.filter((root) => root !== null).length,
    missing: safe.filter((id) => !indexed.has(id) || !exportedBatches.has(id)),
  };
}
