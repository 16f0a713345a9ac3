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

/** What this export knows of erasures. */
export class ErasedOwners {
  readonly #known = new Map<string, Map<string, Erasure>>();

  /** Takes in what was read from the table. @returns whose rows the sink must delete for it. */
  learn(erasures: readonly Erasure[]): RowOwner[] {
    const news: RowOwner[] = [];
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
      news.push({ app: toHex(erasure.app), wallet: toHex(erasure.wallet), before: erasure.fence });
    }
    return news;
  }

  /** Whether a batch falls under an erasure: before its fence, under an overwritten root, or signed before it. */
  reach(batch: Reached): boolean {
    return isErased(batch, this.#known.get(ownerOf(batch))?.values() ?? []);
  }
}
