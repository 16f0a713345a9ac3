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

/** The erasures of one owner as one, as far as their fences are known: the later ones reach further. */
function rowsOf(erasures: readonly Erasure[], { app, wallet }: Erasure): RowOwner {
  const fenced = erasures.flatMap(({ fence, issuedAt }) => (fence === null ? [] : [{ fence, issuedAt }]));
  return {
    app: toHex(app),
    wallet: toHex(wallet),
    before: Math.max(...fenced.map(({ fence }) => fence)),
    issuedAt: Math.max(...fenced.map(({ issuedAt }) => issuedAt)),
  };
}

/** `open`: it may lie before the fence of an erasure or behind it, and which is not known here yet. */
export type Reach = 'erased' | 'free' | 'open';

/**
 * What this export knows of erasures, and whose rows its sink is still to delete. Those whose fence is not known are not due: the sink would
 * delete whatever is there when it gets to it, also what a wallet that was re-opened meanwhile has written. They are within seconds: the fence
 * is stored five seconds after the erasure, and sooner than anything can be written again.
 */
export class ErasedOwners {
  readonly #known = new Map<string, Map<string, Erasure>>();
  readonly #due = new Map<string, RowOwner>();

  /** Takes in what was read from the table. */
  learn(erasures: readonly Erasure[]): void {
    for (const erasure of erasures) {
      const owner = ownerOf(erasure);
      const known = this.#known.get(owner) ?? new Map<string, Erasure>();
      if (known.has(versionOf(erasure))) continue;
      const isSame = ({ issuedAt }: Erasure) => issuedAt === erasure.issuedAt;
      // Read before the fence was stored, and taken in after another look that found it: the fence stays.
      if (erasure.fence === null && [...known.values()].some((one) => isSame(one) && one.fence !== null)) continue;
      // The fence that ends an infinite one takes its place: otherwise a re-opened wallet would stay erased.
      for (const [key, older] of known) if (isSame(older) && older.fence === null) known.delete(key);
      known.set(versionOf(erasure), erasure);
      this.#known.set(owner, known);
      if (erasure.fence !== null) this.#due.set(owner, rowsOf([...known.values()], erasure));
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
  reach(batch: Reached): Reach {
    const known = [...(this.#known.get(ownerOf(batch))?.values() ?? [])];
    const certain = known.map((erasure) => ({ ...erasure, fence: erasure.fence ?? 0 }));
    if (isErased(batch, certain)) return 'erased';
    return known.some(({ fence }) => fence === null) ? 'open' : 'free';
  }
}
