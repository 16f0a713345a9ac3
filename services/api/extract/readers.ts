import { toHex } from '../../../protocol/index.ts';
import { hasPassed } from '../../pipeline/clock.ts';
import { type Owner, VAULT_CACHE_MS } from '../../pipeline/ports/vault.ts';
import type { Caller } from '../auth/bearer.ts';
import type { EventReader, ReadersOf } from '../disclosures/event-reader.ts';

const MOST_KEPT = 2_000;

/** What a caller may read of each owner, kept as long as the vault keeps what it was told. */
export function createKeptReaders(readersOf: ReadersOf, caller: Caller, elapsed: () => number) {
  const kept = new Map<string, { readonly at: number; readonly reader: EventReader | null }>();
  return async (owners: readonly Owner[]): Promise<(EventReader | null)[]> => {
    const now = elapsed();
    const names = owners.map(({ wallet }) => toHex(wallet));
    const isFresh = (name: string) => {
      const one = kept.get(name);
      return one !== undefined && !hasPassed(VAULT_CACHE_MS, one.at, now);
    };
    const missing = new Map(
      owners.flatMap((owner, i) => (isFresh(names[i] as string) ? [] : [[names[i], owner] as const])),
    );
    const asked = await readersOf(caller, [...missing.values()]);
    if (kept.size > MOST_KEPT) for (const name of kept.keys()) if (!names.includes(name)) kept.delete(name);
    for (const [i, name] of [...missing.keys()].entries())
      kept.set(name as string, { at: now, reader: asked[i] ?? null });
    return names.map((name) => kept.get(name)?.reader ?? null);
  };
}

export type ReadersFor = ReturnType<typeof createKeptReaders>;
