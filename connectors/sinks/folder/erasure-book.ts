import { readFile, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ExportRow, RowOwner } from '../../../services/pipeline/ports/sink.ts';
import { sync } from './durable.ts';
import {
  dueIn,
  type Erasures,
  NO_ERASURES,
  parseErasures,
  sparedBy,
  textOfErasures,
  withErasures,
} from './erasures.ts';
import { BOOKS } from './layout.ts';
import { unlessGone } from './tolerant.ts';

/** The erasures that the folder knows. */
export interface ErasureBook {
  /** Those that are not done yet. */
  due(owners: readonly RowOwner[]): Promise<RowOwner[]>;
  /** Rows that no erasure in the book reaches. */
  spared(rows: readonly ExportRow[]): Promise<readonly ExportRow[]>;
  /** Writes down those that have a fence. @param drafts of whoever holds the lock, without which nothing is written */
  note(owners: readonly RowOwner[], done: boolean, drafts: string): Promise<void>;
}

/** `_ddc/erased.json`, moved into place as a whole. */
export function erasureBook(root: string): ErasureBook {
  const path = join(root, BOOKS, 'erased.json');
  let known = { version: '', book: NO_ERASURES };

  async function read(): Promise<Erasures> {
    let version = '';
    await unlessGone(
      stat(path, { bigint: true }).then(({ ino, mtimeNs, size }) => {
        version = `${ino}/${mtimeNs}/${size}`;
      }),
    );
    if (version === '') return NO_ERASURES;
    if (version === known.version) return known.book;
    // What is read may be newer than its version: then it is read once more the next time.
    known = { version, book: parseErasures(await readFile(path, 'utf8')) };
    return known.book;
  }

  return {
    due: async (owners) => dueIn(await read(), owners),
    spared: async (rows) => sparedBy(await read(), rows),
    async note(owners, done, drafts) {
      const draft = join(drafts, 'erased.json');
      await writeFile(draft, textOfErasures(withErasures(await read(), owners, done)));
      await sync(draft);
      await rename(draft, path);
      await sync(dirname(path));
    },
  };
}
