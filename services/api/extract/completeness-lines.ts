import { type CompletenessLine, fromHex, type RemovalLine, toHex } from '../../../protocol/index.ts';
import type { IndexStore, Sequences } from '../../pipeline/ports/index-store.ts';
import type { ListedRemoval, Removals } from '../../pipeline/ports/removals.ts';
import type { Owner } from '../../pipeline/ports/vault.ts';
import type { EventReader } from '../disclosures/event-reader.ts';
import { lineOf } from './event-lines.ts';
import type { ReadersFor } from './readers.ts';

export interface CompletenessDeps {
  readonly index: Pick<IndexStore, 'sequences'>;
  readonly removals: Pick<Removals, 'find' | 'list'>;
}

/** What a stream has shown, as far as its end needs it. */
export interface Shown {
  /** Last number of each `<wallet>/<signer>/<source>`, where the reader is neither the owner nor its app. */
  readonly last: ReadonlyMap<string, number>;
  /** `<wallet>/<id>` of removals that were named. */
  readonly removals: ReadonlySet<string>;
  /** Mark of the indexer by partition, from before the first look into the index. */
  readonly marks: ReadonlyMap<number, number>;
}

const WALLETS = 100;

/**
 * What the end of a stream says of completeness: for each wallet the removals that took something away, with their receipts, and what the
 * index knows of the sequence numbers. The owner and its app are told of every source; another reader only up to the last number that it
 * was shown of a source, which it could count by itself.
 */
export async function* completenessLines(
  { index, removals }: CompletenessDeps,
  { app, wallet }: { readonly app: Uint8Array; readonly wallet: Uint8Array | null },
  readersFor: ReadersFor,
  isApp: boolean,
  shown: Shown,
): AsyncGenerator<string> {
  for (let after: Uint8Array | null = null; ; ) {
    const wanted = wallet ? { wallet } : { after, limit: WALLETS };
    const page: Sequences[] = await index.sequences(app, wanted, shown.marks);
    const readers = await readersFor(page.map((one) => ({ app, wallet: one.wallet })));
    for (const [i, one] of page.entries()) {
      const reader = readers[i];
      if (!reader) continue;
      const name = toHex(one.wallet);
      for (const key of shown.removals)
        if (key.startsWith(`${name}/`))
          yield await removalLine(removals, { app, wallet: one.wallet, id: fromHex(key.slice(name.length + 1), 16) });
      if ((isApp || reader.isOwner) && beginsLate(one))
        for await (const id of erasuresOf(removals, { app, wallet: one.wallet }))
          yield await removalLine(removals, { app, wallet: one.wallet, id });
      yield lineOf('completeness', limited(one, shown, isApp ? null : reader));
    }
    after = page.at(-1)?.wallet ?? null;
    if (wallet || page.length < WALLETS) return;
  }
}

/** The beginning of a source is not in the index: an erasure may have taken it. */
function beginsLate({ live }: Sequences): boolean {
  const first = new Map<string, number>();
  for (const { signer, source, first: from } of live) {
    const name = `${signer}/${toHex(source)}`;
    first.set(name, Math.min(first.get(name) ?? from, from));
  }
  return [...first.values()].some((from) => from > 0);
}

const PAGE = 100;

async function* erasuresOf(removals: Pick<Removals, 'list'>, owner: Owner): AsyncGenerator<Uint8Array> {
  for (let after: ListedRemoval | undefined; ; ) {
    const page: ListedRemoval[] = await removals.list(owner, { ...(after ? { after } : {}), limit: PAGE });
    for (const { id, selects } of page) if (selects === null) yield id;
    after = page.at(-1);
    if (page.length < PAGE) return;
  }
}

async function removalLine(
  removals: Pick<Removals, 'find'>,
  named: Owner & { readonly id: Uint8Array },
): Promise<string> {
  const found = await removals.find(named);
  const line: RemovalLine = {
    id: toHex(named.id),
    wallet: toHex(named.wallet),
    kind: found?.removal.kind ?? 'remove',
    issuedAt: found?.removal.issuedAt ?? 0,
    receipts: [...(found?.receipts ?? [])],
  };
  return lineOf('removal', line);
}

/** @param reader null: whoever may know every source */
function limited(
  { wallet, partition, live, voids, isCut }: Sequences,
  { last, marks }: Shown,
  reader: EventReader | null,
): CompletenessLine {
  const name = toHex(wallet);
  const all = reader === null || reader.isOwner;
  const lastOf = (signer: string, source: string) =>
    all ? Number.MAX_SAFE_INTEGER : (last.get(`${name}/${signer}/${source}`) ?? -1);
  const sources = new Map<string, CompletenessLine['live'][number]>();
  for (const run of live) {
    const { signer } = run;
    const source = toHex(run.source);
    const most = lastOf(signer, source);
    if (run.first > most) continue;
    const known = sources.get(`${signer}/${source}`) ?? { signer, source, runs: [] };
    known.runs.push([run.first, Math.min(run.last, most)]);
    sources.set(`${signer}/${source}`, known);
  }
  const isTold = (source: string, seq: number) => seq <= Math.max(lastOf('wallet', source), lastOf('app', source));
  return {
    wallet: name,
    asOf: { partition, mark: marks.get(partition) ?? -1 },
    live: [...sources.values()],
    voids: voids
      .map(({ source, seq, batchId, reason }) => ({ source: toHex(source), seq, batchId: toHex(batchId), reason }))
      .filter(({ source, seq }) => isTold(source, seq)),
    cut: isCut,
  };
}
