import { toHex } from '../../protocol/index.ts';
import type { Erasure } from '../pipeline/ports/erasures.ts';
import type { RowOwner } from '../pipeline/ports/sink.ts';
import { isErased, type Subjected } from '../pipeline/rules/erasure.ts';

/** A batch as far as an erasure asks. */
export interface Reached extends Subjected {
  readonly app: Uint8Array;
  readonly wallet: Uint8Array;
}

const ownerOf = ({ app, wallet }: { app: Uint8Array; wallet: Uint8Array }) => `${toHex(app)}/${toHex(wallet)}`;
const versionOf = ({ fence, issuedAt, rootVersions }: Erasure) => `${fence}/${issuedAt}/${rootVersions.join()}`;

/** The erasures of one owner as one: the later ones reach further, and one whose fence is not known yet reaches everything. */
function rowsOf(erasures: readonly Erasure[], { app, wallet }: Erasure): RowOwner {
  const fences = erasures.map(({ fence }) => fence);
  return {
    app: toHex(app),
    wallet: toHex(wallet),
    before: fences.reduce((last, fence) => (last === null || fence === null ? null : Math.max(last, fence)), 0),
    issuedAt: Math.max(...erasures.map(({ issuedAt }) => issuedAt)),
  };
}

/** What this export knows of erasures, and whose rows its sink is still to delete. */
export class ErasedOwners {
  readonly #known = new Map<string, Map<string, Erasure>>();
  readonly #due = new Map<string, RowOwner>();

  /** Takes in what was read from the table. */
  learn(erasures: readonly Erasure[]): void {
    for (const erasure of erasures) {
      const owner = ownerOf(erasure);
      const known = this.#known.get(owner) ?? new Map<string, Erasure>();
      if (known.has(versionOf(erasure))) continue;
      // The fence that ends an infinite one takes its place: otherwise a re-opened wallet would stay erased.
      for (const [key, older] of known) {
        if (older.issuedAt === erasure.issuedAt && older.fence === null) known.delete(key);
      }
      known.set(versionOf(erasure), erasure);
      this.#known.set(owner, known);
      this.#due.set(owner, rowsOf([...known.values()], erasure));
    }
  }

  /** Whose rows the sink must delete, each owner once. They stay due until they are `done`: a sink may be down. */
  due(): readonly RowOwner[] {
    return [...this.#due.values()];
  }

  /** The sink has deleted these rows. What was learned meanwhile stays due. */
  done(owners: readonly RowOwner[]): void {
    const deleted = new Set(owners);
    for (const [owner, rows] of this.#due) if (deleted.has(rows)) this.#due.delete(owner);
  }

  /** Whether a batch falls under an erasure: before its fence, under an overwritten root, or signed before it. */
  reach(batch: Reached): boolean {
    return isErased(batch, this.#known.get(ownerOf(batch))?.values() ?? []);
  }
}
