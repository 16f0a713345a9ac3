import { link, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FatalError } from '../../../services/pipeline/errors.ts';
import { sync } from './durable.ts';
import { BOOKS } from './layout.ts';
import { failedWith } from './tolerant.ts';

/** The first export that uses a folder writes, at once or not at all, which log it reads: offsets mean nothing in another. */
export async function claim(root: string, log: string): Promise<void> {
  const path = join(root, BOOKS, 'log');
  const drafts = await mkdtemp(join(root, BOOKS, 'claim-'));
  try {
    await writeFile(join(drafts, 'log'), log);
    await sync(join(drafts, 'log'));
    await link(join(drafts, 'log'), path);
    await sync(join(root, BOOKS));
  } catch (error) {
    if (!failedWith(error, 'EEXIST')) throw error;
  } finally {
    await rm(drafts, { recursive: true, force: true });
  }
  const theirs = await readFile(path, 'utf8');
  if (theirs === log) return;
  throw new FatalError(
    'another_log',
    `The export folder ${root} counts offsets of log ${theirs}, but the topics are log ${log}. Use an empty folder.`,
  );
}
