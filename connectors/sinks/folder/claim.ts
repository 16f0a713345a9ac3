import { link, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SinkContext } from '../../../services/pipeline/define-sink.ts';
import { claimOf, holdClaim } from '../claim.ts';
import { sync } from './durable.ts';
import { BOOKS } from './layout.ts';
import { failedWith } from './tolerant.ts';

/** Writes whose folder this is, unless somebody has. @throws FatalError `another_log`, `another_export` */
export async function claim(root: string, context: Pick<SinkContext, 'log' | 'name'>): Promise<void> {
  const path = join(root, BOOKS, 'log');
  const drafts = await mkdtemp(join(root, BOOKS, 'claim-'));
  try {
    await writeFile(join(drafts, 'log'), claimOf(context));
    await sync(join(drafts, 'log'));
    await link(join(drafts, 'log'), path);
    await sync(join(root, BOOKS));
  } catch (error) {
    if (!failedWith(error, 'EEXIST')) throw error;
  } finally {
    await rm(drafts, { recursive: true, force: true });
  }
  holdClaim(await readFile(path, 'utf8'), context, `The export folder ${root}`, 'an empty folder');
}
