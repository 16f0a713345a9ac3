import type { ExportRow, RowOwner } from '../../../services/pipeline/ports/sink.ts';
import {
  dueIn,
  type Erasures,
  NO_ERASURES,
  parseErasures,
  sparedBy,
  standingIn,
  textOfErasures,
  withErasures,
} from '../folder/erasures.ts';
import type { ObjectStore, Read } from './store.ts';

/** The erasures that the export knows, in one object that changes by compare-and-set. */
export function sharedBook(store: ObjectStore, name: string) {
  let last: { readonly read: Read; readonly book: Erasures } | null = null;

  async function read(): Promise<{ book: Erasures; version: string | null }> {
    const found = await store.read(name, last?.read);
    if (found === null) return { book: NO_ERASURES, version: null };
    if (found !== last?.read) last = { read: found, book: parseErasures(found.text) };
    return { book: last.book, version: found.version };
  }

  return {
    /** Those that are not done yet. */
    due: async (owners: readonly RowOwner[]): Promise<RowOwner[]> => dueIn((await read()).book, owners),
    /** Rows that no erasure in the book reaches. */
    spared: async (rows: readonly ExportRow[]): Promise<readonly ExportRow[]> => sparedBy((await read()).book, rows),
    /** Writes them down. What other members know by now of a later erasure stands, and is not done by this one. */
    async note(owners: readonly RowOwner[], done: boolean): Promise<void> {
      for (;;) {
        const { book, version } = await read();
        const news = done ? standingIn(book, owners) : dueIn(book, owners);
        const text = textOfErasures(withErasures(book, news, done));
        if (text === textOfErasures(book) || (await store.replace(name, text, version))) return;
      }
    },
  };
}
