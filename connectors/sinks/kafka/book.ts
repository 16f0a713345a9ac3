import type { SinkContext } from '../../../services/pipeline/define-sink.ts';
import type { LogWriter } from '../../../services/pipeline/ports/log.ts';
import type { ExportRow, RowOwner } from '../../../services/pipeline/ports/sink.ts';
import type { CommittedReader } from '../../kafka/index.ts';
import { claimOf, holdClaim } from '../claim.ts';
import { dueOf, type ErasedOwner, ownerName } from '../erased-owner.ts';

/** What all members of an export know: whose topics they are, which tables there are, which owners are erased. */
export interface Book {
  /** Reads on to the end. Whatever was noted before this was called is known then. */
  read(): Promise<void>;
  /** Notes whose topics these are, unless somebody has. @throws FatalError `another_log`, `another_export` */
  claim(context: Pick<SinkContext, 'log' | 'name'>): Promise<void>;
  noteTables(names: readonly string[]): Promise<void>;
  tables(): readonly string[];
  /** Those that are not done yet. An order older than what is known is taken for what is known. */
  due(owners: readonly RowOwner[]): RowOwner[];
  /** Rows that no erasure in the book reaches. */
  spared(rows: readonly ExportRow[]): readonly ExportRow[];
  /** Writes them down. */
  noteErased(owners: readonly RowOwner[], done: boolean): Promise<void>;
}

const NO_VALUE = new Uint8Array(0);
const SEND_RECORDS = 5_000;

/**
 * Partition 0 of the control topic. Every record is a fact under a key that says it all, so it does not matter who wrote it first, or twice,
 * and compaction takes nothing away: `log/<id> <export>`, `table/<name>`, `erased/<owner>/<issuedAt>/<before>/<done>`.
 */
export function createBook(topic: string, reader: CommittedReader, writer: LogWriter): Book {
  let next = 0;
  let claimed: string | null = null;
  const tables = new Set<string>();
  const erased = new Map<string, ErasedOwner>();

  function learn(key: string): void {
    const [kind, name = '', issuedAt, before, done] = key.split('/');
    // The first counts.
    if (kind === 'log') claimed ??= name;
    else if (kind === 'table') tables.add(name);
    else if (kind === 'erased') {
      const fact = { issuedAt: Number(issuedAt), before: Number(before), done: done === 'done' };
      erased.set(name, merged(erased.get(name), fact));
    }
  }

  async function read(): Promise<void> {
    for await (const piece of reader.from(topic, 0, next)) {
      for (const { key } of piece.records) learn(key);
      next = piece.next;
    }
  }

  async function note(keys: readonly string[]): Promise<void> {
    for (let i = 0; i < keys.length; i += SEND_RECORDS) {
      const records = keys.slice(i, i + SEND_RECORDS).map((key) => ({ key: Buffer.from(key), value: NO_VALUE }));
      await writer.send(topic, 0, records);
    }
    await read();
  }

  return {
    read,
    async claim(mine) {
      await read();
      if (claimed === null) await note([`log/${claimOf(mine)}`]);
      holdClaim(claimed ?? '', mine, `The prefix that ${topic} keeps count of`, 'another prefix');
    },
    async noteTables(names) {
      const unknown = names.filter((name) => !tables.has(name));
      if (unknown.length > 0) await note(unknown.map((name) => `table/${name}`));
    },
    tables: () => [...tables],
    due: (owners) => owners.flatMap((owner) => dueOf(owner, erased.get(ownerName(owner))) ?? []),
    spared(rows) {
      if (erased.size === 0) return rows;
      const first = new Map<string, number>();
      return rows.filter((row) => {
        const owner = `${row.app}/${row.wallet}`;
        const before = first.get(owner) ?? erased.get(ownerName(row))?.before ?? 0;
        first.set(owner, before);
        return row.origin >= before;
      });
    },
    async noteErased(owners, done) {
      const how = done ? 'done' : 'due';
      await note(owners.map((owner) => `erased/${ownerName(owner)}/${owner.issuedAt}/${owner.before}/${how}`));
    },
  };
}

/** The same whatever the order: the farthest fence, and what was done of the last order. */
function merged(a: ErasedOwner | undefined, b: ErasedOwner): ErasedOwner {
  if (!a) return b;
  const last = a.issuedAt === b.issuedAt ? (a.before >= b.before ? a : b) : a.issuedAt > b.issuedAt ? a : b;
  const same = a.issuedAt === b.issuedAt && a.before === b.before;
  return { issuedAt: last.issuedAt, before: Math.max(a.before, b.before), done: same ? a.done || b.done : last.done };
}
