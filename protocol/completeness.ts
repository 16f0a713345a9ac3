import { isHex, toHex } from './bytes.ts';
import { ProtocolError } from './errors.ts';
import { members } from './event.ts';
import type { ProvedBatch, RemovalLine, UnreadableLine } from './extract.ts';
import { isCounter } from './header.ts';
import { verifyReceipt } from './receipt.ts';
import { joined, type Run, without } from './runs.ts';

/** What the index says of the sequence numbers of a wallet in an app, as of a position. */
export interface CompletenessLine {
  /** 32-byte public key, hex. */
  wallet: string;
  /** Everything accepted into this partition up to `mark` is counted. */
  asOf: { partition: number; mark: number };
  /** Numbers that are in the index, as runs of [first, last]. */
  live: { signer: 'wallet' | 'app'; source: string; runs: [number, number][] }[];
  /** Numbers whose record became a void; whose signature it bore is not known any more. */
  voids: { source: string; seq: number; batchId: string; reason: string }[];
  /** There is more than the line tells. */
  cut: boolean;
}

/** A batch that an extraction has shown, and how much of it. */
export interface SeenBatch extends ProvedBatch {
  /** Events that came and were proved. */
  shown: number;
  /** Events that were removed. */
  removed: readonly { index: number; by: string | null }[];
}

/** What is known of one source of one signer. Numbers are sequence numbers, runs of them [first, last]. */
export interface SourceVerdict {
  /** Whose key signed. */
  signer: 'wallet' | 'app';
  /** 16 bytes, hex. */
  source: string;
  /** The last number known: nothing is said beyond it. */
  last: number;
  /** Shown under their signature. */
  shown: Run[];
  /** Neither shown nor accounted for. */
  missing: Run[];
  /** In the index, by its own word, and not selected here: filtered out, not open to the reader, or before the cursor. */
  outside: Run[];
  /** Became a void, by the index's word. */
  voids: { seq: number; batchId: string; reason: string }[];
  /** Batches of which events were removed; `all`: of which nothing is left. */
  removed: { seq: number; batchId: string; by: (string | null)[]; all: boolean }[];
  /** Taken away by an erasure of the wallet, whose receipts are among the removals. */
  erased: Run[];
  /** In the index, and not readable any more. */
  unreadable: { seq: number; batchId: string; code: string }[];
  /** Shown batches of which events are neither shown nor removed, though everything was asked for. */
  partial: { seq: number; batchId: string; events: number }[];
}

/** What may be claimed of an extraction: nothing is missing up to `last` of each source. Of later batches and other sources nothing is said. */
export interface Completeness {
  /** Hex. */
  wallet: string;
  /** Position of the index that the other numbers are as of. */
  asOf: { partition: number; mark: number };
  /** No number is missing, and what was selected could be read. */
  complete: boolean;
  /** By signer and source. */
  sources: SourceVerdict[];
  /** Removals that took something of this wallet away, with their receipts. */
  removals: readonly RemovalLine[];
}

/** What is judged. */
export interface CompletenessClaim {
  /** As it came. */
  line: unknown;
  /** Batches of this wallet, from `proveBatch`. */
  batches: readonly SeenBatch[];
  /** Batches that could not be read. */
  unreadable: readonly UnreadableLine[];
  /** As they came, of this wallet. */
  removals: readonly RemovalLine[];
  /** Whether all of the wallet's events were asked for by itself: then whatever is in the index must have come. */
  everything: boolean;
  /** The operator's receipt key, where it is pinned: then every receipt is verified, and an erasure without one takes nothing away. */
  pinned?: { network: string; key: Uint8Array } | undefined;
}

/** @throws ProtocolError of `verifyReceipt`, or `receipt` for one that is of something else */
function verified({ id, wallet, kind, receipts }: RemovalLine, pinned: { network: string; key: Uint8Array }): void {
  for (const receipt of receipts) {
    const { request, wallet: whose, kind: what } = verifyReceipt(receipt, pinned);
    const named = request as { id?: unknown } | undefined;
    const isHexOf = (value: unknown, hex: string) => value instanceof Uint8Array && toHex(value) === hex;
    if (!isHexOf(whose, wallet) || !isHexOf(named?.id, id) || what !== (kind === 'erase' ? 'erasure' : 'removal'))
      throw new ProtocolError('receipt', 'removal');
  }
}

const reasonable = (value: unknown): value is number => isCounter(value);

/** Checks the form of a completeness line. @throws ProtocolError `field`. */
function parseLine(value: unknown): CompletenessLine {
  const line = members(value, 'field') as unknown as CompletenessLine;
  const refuse = (isRight: boolean) => {
    if (!isRight) throw new ProtocolError('field', 'completeness');
  };
  refuse(isHex(line.wallet, 32) && Array.isArray(line.live) && Array.isArray(line.voids));
  refuse(reasonable(line.asOf?.partition) && Number.isSafeInteger(line.asOf.mark));
  for (const { signer, source, runs } of line.live) {
    refuse((signer === 'wallet' || signer === 'app') && isHex(source, 16) && Array.isArray(runs));
    for (const run of runs) refuse(run.length === 2 && run.every(reasonable) && run[0] <= run[1]);
  }
  for (const one of line.voids) refuse(isHex(one.source, 16) && reasonable(one.seq));
  return line;
}

const nameOf = ({ signer, source }: { signer: string; source: string }) => `${signer}/${source}`;

function grouped<T>(items: readonly T[], of: (item: T) => { signer: string; source: string }): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const name = nameOf(of(item));
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [item]);
    else group.push(item);
  }
  return groups;
}

const single = ({ seq }: { seq: number }): Run => [seq, seq];
const lastOf = (runs: readonly Run[]): number => runs.reduce((most, [, last]) => Math.max(most, last), -1);

/**
 * Whether an extraction is complete, source by source: numbers count from 0 without gaps, so what is not shown must be accounted for.
 * @example completenessOf({ line, batches, unreadable: [], removals: [], everything: true }).complete // false when a batch was taken out
 * @throws ProtocolError `field` for a malformed line, `disclosure` for a batch of another wallet, `receipt` or `signature` for a
 * receipt that is not what it seems, where the key is pinned.
 */
export function completenessOf(claim: CompletenessClaim): Completeness {
  const { line, batches, unreadable, removals, everything, pinned } = claim;
  if (pinned) for (const one of removals) verified(one, pinned);
  const said = parseLine(line);
  if (batches.some(({ header }) => header.wallet !== said.wallet)) throw new ProtocolError('disclosure', 'wallet');
  const seen = grouped(batches, ({ header }) => header);
  const dark = grouped(unreadable, (one) => one);
  const live = grouped(said.live, (one) => one);
  const names = [...new Set([...live.keys(), ...seen.keys(), ...dark.keys()])].sort();
  const isErased = removals.some(({ kind, receipts }) => kind === 'erase' && (!pinned || receipts.length > 0));
  const sources = names.map((name): SourceVerdict => {
    const [signer, source] = name.split('/') as ['wallet' | 'app', string];
    const mine = seen.get(name) ?? [];
    const lost = dark.get(name) ?? [];
    const taken = lost.filter(({ unreadable: code }) => code === 'removed');
    const voids = said.voids.filter((one) => one.source === source);
    const shown = joined(mine.map(({ header }) => single(header)));
    const stated = joined((live.get(name) ?? []).flatMap(({ runs }) => runs));
    const last = lastOf([...shown, ...stated]);
    const accounted = joined([...shown, ...voids.map(single), ...lost.map(single)]);
    const outside = everything ? [] : without(stated, accounted);
    const gaps = last < 0 ? [] : without([[0, last]], joined([...accounted, ...outside]));
    // Whatever was signed before an erasure is gone, so an erased run is the beginning of its source.
    const [first] = gaps;
    const erased = isErased && first !== undefined && first[0] === 0 ? [first] : [];
    return {
      signer,
      source,
      last,
      shown,
      missing: without(gaps, erased),
      outside,
      voids: voids.map(({ seq, batchId, reason }) => ({ seq, batchId, reason })),
      removed: [
        ...taken.map(({ seq, id, by }) => ({ seq, batchId: id, by: [by ?? null], all: true })),
        ...mine.flatMap(({ header, batchId, removed }) =>
          removed.length === 0
            ? []
            : [
                {
                  ...{ seq: header.seq, batchId: toHex(batchId), by: [...new Set(removed.map(({ by }) => by))] },
                  all: removed.length === header.count,
                },
              ],
        ),
      ],
      erased,
      unreadable: lost
        .filter((one) => !taken.includes(one))
        .map(({ seq, id, unreadable: code }) => ({ seq, batchId: id, code })),
      partial: mine.flatMap(({ header, batchId, shown: events, removed }) =>
        everything && events + removed.length !== header.count
          ? [{ seq: header.seq, batchId: toHex(batchId), events: header.count - events - removed.length }]
          : [],
      ),
    };
  });
  const isWhole = (one: SourceVerdict) =>
    one.missing.length === 0 && one.unreadable.length === 0 && one.partial.length === 0;
  return {
    wallet: said.wallet,
    asOf: said.asOf,
    complete: !said.cut && sources.every(isWhole),
    sources,
    removals,
  };
}
