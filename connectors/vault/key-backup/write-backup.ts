import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { sql } from 'kysely';
import { toHex, wrappedKekVersion } from '../../../protocol/index.ts';
import { FatalError } from '../../../services/pipeline/errors.ts';
import type { Database, Executor } from '../../postgres/database.ts';
import { type BackedUpRoot, type BackupEnd, endLine, headLine, rootLine } from './backup-lines.ts';

const PAGE = 2_000;

/**
 * Writes every root of the database to a new file as it rests there, wrapped or overwritten, in one snapshot and by pages. A root that
 * waits for a move seals nothing and is left out. The file is there whole or not at all.
 * @throws FatalError `backup_exists`
 */
export async function writeKeyBackup({ kysely }: Database, path: string): Promise<BackupEnd> {
  if (existsSync(path))
    throw new FatalError('backup_exists', `${path} is there already: a backup never replaces another.`);
  const next = `${path}.next`;
  const file = await open(next, 'w', 0o600);
  const hash = createHash('sha256');
  const write = async (text: string) => {
    hash.update(text);
    await file.writeFile(text);
  };
  try {
    const end = await kysely
      .transaction()
      .setIsolationLevel('repeatable read')
      .execute(async (tx) => {
        await write(headLine({ logs: await logsOf(tx) }));
        const keks = new Set<number>();
        let roots = 0;
        for await (const page of pagesOf(tx)) {
          for (const { wrapped } of page) if (wrapped.length > 0) keks.add(wrappedKekVersion(wrapped));
          roots += page.length;
          await write(page.map(rootLine).join(''));
        }
        return { roots, keks: [...keks].sort((a, b) => a - b), sha256: hash.digest('hex') };
      });
    await file.writeFile(endLine(end));
    await file.sync();
    await file.close();
    await rename(next, path);
    await syncFolder(dirname(path));
    return end;
  } catch (error) {
    await file.close();
    await rm(next, { force: true });
    throw error;
  }
}

async function* pagesOf(tx: Executor): AsyncGenerator<BackedUpRoot[]> {
  let last: BackedUpRoot | undefined;
  do {
    const behind = last
      ? sql`AND (app, wallet, root_version) > (${last.app}, ${last.wallet}, ${last.rootVersion})`
      : sql``;
    const { rows } = await sql<BackedUpRoot>`
      SELECT app, wallet, root_version AS "rootVersion", epoch, mode, subject, wrapped,
        (SELECT count(*)::int FROM removals r WHERE r.app = u.app AND r.wallet = u.wallet AND r.kind = 'erase') AS erasures
      FROM user_roots u
      WHERE NOT prepared ${behind} ORDER BY app, wallet, root_version LIMIT ${PAGE}`.execute(tx);
    if (rows.length > 0) yield rows;
    last = rows.length === PAGE ? rows.at(-1) : undefined;
  } while (last);
}

async function logsOf(tx: Executor): Promise<string[]> {
  const rows = await tx.selectFrom('positions').select('log').distinct().execute();
  return rows.map(({ log }) => toHex(log)).sort();
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  await folder.sync().finally(() => folder.close());
}
