import type { ExportRow, RowOwner } from '../../../services/pipeline/ports/sink.ts';
import { dueOf, type ErasedOwner, ownerName } from '../erased-owner.ts';
import type { Bulk } from './bulk.ts';
import type { Json, OpenSearch } from './client.ts';

/** Looked up with one request. */
const AT_ONCE = 10_000;

interface Known extends ErasedOwner {
  readonly seqNo: number;
  readonly primaryTerm: number;
}

/** What the cluster knows of erasures: one document per owner. */
export interface Erasures {
  /** Those that are not done yet. */
  due(owners: readonly RowOwner[]): Promise<RowOwner[]>;
  /** Rows that no erasure reaches. */
  spared(rows: readonly ExportRow[]): Promise<readonly ExportRow[]>;
  /** Writes down those that have a fence, before their rows are deleted. */
  note(owners: readonly RowOwner[]): Promise<void>;
  /** Their rows are gone, as far as nobody has noted more meanwhile. */
  done(owners: readonly RowOwner[]): Promise<void>;
}

const documentOf = (name: string) => `erased-${name}`;

export function createErasures({ ask }: OpenSearch, bulk: Bulk, books: string): Erasures {
  async function known(names: readonly string[]): Promise<Map<string, Known>> {
    const found = new Map<string, Known>();
    for (let i = 0; i < names.length; i += AT_ONCE) {
      const ids = names.slice(i, i + AT_ONCE).map(documentOf);
      const query = { preference: '_primary', filter_path: 'docs.found,docs._source,docs._seq_no,docs._primary_term' };
      const { body } = await ask({ method: 'POST', path: `/${books}/_mget`, query, body: { ids } });
      for (const { found: is, _source, _seq_no, _primary_term } of body.docs as Json[]) {
        if (!is) continue;
        const { owner, before, issuedAt, done } = _source;
        found.set(owner, { before, issuedAt, done, seqNo: _seq_no, primaryTerm: _primary_term });
      }
    }
    return found;
  }

  /** Writes those that `change` says, as long as others do so at the same time. */
  async function update(
    owners: readonly RowOwner[],
    change: (owner: RowOwner, was: Known | undefined) => ErasedOwner | null,
  ) {
    for (let left = owners; left.length > 0; ) {
      const found = await known(left.map(ownerName));
      const changes = left.flatMap((owner) => {
        const was = found.get(ownerName(owner));
        const entry = change(owner, was);
        return entry ? [{ owner, was, entry }] : [];
      });
      const lines = changes.map(({ owner, was, entry }) => {
        const at = { _index: books, _id: documentOf(ownerName(owner)) };
        const action = was
          ? { index: { ...at, if_seq_no: was.seqNo, if_primary_term: was.primaryTerm } }
          : { create: at };
        return `${JSON.stringify(action)}\n${JSON.stringify({ owner: ownerName(owner), ...entry })}\n`;
      });
      const outcomes = await bulk.send(lines);
      const refused = outcomes.find((outcome) => outcome.kind === 'refused');
      if (refused) throw new Error(`OpenSearch refused to write down an erasure: ${refused.why}`);
      left = changes.flatMap(({ owner }, i) => (outcomes[i]?.kind === 'conflict' ? [owner] : []));
    }
  }

  return {
    async due(owners) {
      const found = await known(owners.map(ownerName));
      return owners.flatMap((owner) => dueOf(owner, found.get(ownerName(owner))) ?? []);
    },

    async spared(rows) {
      const names = new Map<string, string>();
      const nameOf = (row: ExportRow) => {
        const owner = `${row.app}/${row.wallet}`;
        const name = names.get(owner) ?? ownerName(row);
        names.set(owner, name);
        return name;
      };
      for (const row of rows) nameOf(row);
      const found = await known([...names.values()]);
      return found.size === 0 ? rows : rows.filter((row) => row.origin >= (found.get(nameOf(row))?.before ?? 0));
    },

    note: (owners) =>
      update(owners, (owner, was) => {
        const { before, issuedAt } = { ...owner, before: Math.max(owner.before, was?.before ?? 0) };
        const isNews = !was || issuedAt > was.issuedAt || (issuedAt === was.issuedAt && before > was.before);
        return isNews ? { before, issuedAt, done: false } : null;
      }),

    done: (owners) =>
      update(owners, ({ before, issuedAt }, was) =>
        was && !was.done && was.before === before && was.issuedAt === issuedAt
          ? { before, issuedAt, done: true }
          : null,
      ),
  };
}
