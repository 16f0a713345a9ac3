import { createHash } from 'node:crypto';
import { readFile, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { ExportRow, RowOwner } from '../../../services/pipeline/ports/sink.ts';
import { sync } from './durable.ts';
import { BOOKS } from './layout.ts';
import { unlessGone } from './tolerant.ts';

/** `before` and `issuedAt` of a `RowOwner`, and whether all files are without its rows. */
const entry = z.tuple([z.number().int(), z.number().int(), z.boolean()]);
const bookSchema = z.record(z.string(), entry);
type Book = ReadonlyMap<string, z.infer<typeof entry>>;

/** What the folder knows of erasures whose fence is known: which owners' rows may not be delivered, and which are gone. */
export interface ErasureBook {
  /** Those that are not done yet. An order older than what is known is taken for what is known. */
  due(owners: readonly RowOwner[]): Promise<RowOwner[]>;
  /** Rows that no erasure in the book reaches. */
  spared(rows: readonly ExportRow[]): Promise<readonly ExportRow[]>;
  /** Writes down those that have a fence. @param drafts of whoever holds the lock, without which nothing is written */
  note(owners: readonly RowOwner[], done: boolean, drafts: string): Promise<void>;
}

/** The book outlives the rows, so it names owners by a hash. */
const nameOf = ({ app, wallet }: { readonly app: string; readonly wallet: string }) =>
  createHash('sha256').update(`${app}/${wallet}`).digest('hex').slice(0, 32);

/** `_ddc/erased.json`, moved into place as a whole. */
export function erasureBook(root: string): ErasureBook {
  const path = join(root, BOOKS, 'erased.json');
  let known: { version: string; book: Book } = { version: '', book: new Map() };

  async function read(): Promise<Book> {
    let version = '';
    await unlessGone(
      stat(path, { bigint: true }).then(({ ino, mtimeNs, size }) => {
        version = `${ino}/${mtimeNs}/${size}`;
      }),
    );
    if (version === '') return new Map();
    if (version === known.version) return known.book;
    // What is read may be newer than its version: then it is read once more the next time.
    known = { version, book: new Map(Object.entries(bookSchema.parse(JSON.parse(await readFile(path, 'utf8'))))) };
    return known.book;
  }

  return {
    async due(owners) {
      const book = await read();
      return owners.flatMap((owner) => {
        const [before, issuedAt, done] = book.get(nameOf(owner)) ?? [0, -1, false];
        // One erasure may be fenced anew, and farther, by a database that was restored.
        const farther = owner.issuedAt === issuedAt && (owner.before ?? 0) > before;
        if (owner.issuedAt > issuedAt || farther) {
          return [{ ...owner, before: owner.before === null ? null : Math.max(owner.before, before) }];
        }
        return done ? [] : [{ ...owner, before, issuedAt }];
      });
    },

    async spared(rows) {
      const book = await read();
      if (book.size === 0) return rows;
      const names = new Map<string, number>();
      const firstOf = (row: ExportRow) => {
        const owner = `${row.app}/${row.wallet}`;
        const first = names.get(owner) ?? book.get(nameOf(row))?.[0] ?? 0;
        names.set(owner, first);
        return first;
      };
      return rows.filter((row) => row.origin >= firstOf(row));
    },

    async note(owners, done, drafts) {
      const book = new Map(await read());
      for (const owner of owners) {
        if (owner.before !== null) book.set(nameOf(owner), [owner.before, owner.issuedAt, done]);
      }
      const draft = join(drafts, 'erased.json');
      await writeFile(draft, JSON.stringify(Object.fromEntries(book)));
      await sync(draft);
      await rename(draft, path);
      await sync(dirname(path));
    },
  };
}
