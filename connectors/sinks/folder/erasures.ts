import { z } from 'zod';
import type { ExportRow, RowOwner } from '../../../services/pipeline/ports/sink.ts';
import { dueOf, ownerName } from '../erased-owner.ts';

/** `before` and `issuedAt` of a `RowOwner`, and whether all files are without its rows. */
const entry = z.tuple([z.number().int(), z.number().int(), z.boolean()]);
const bookSchema = z.record(z.string(), entry);

/** What an export knows of erasures: which owners' rows may not be delivered, and which are gone. */
export type Erasures = ReadonlyMap<string, z.infer<typeof entry>>;

export const NO_ERASURES: Erasures = new Map();

export const parseErasures = (text: string): Erasures => new Map(Object.entries(bookSchema.parse(JSON.parse(text))));
export const textOfErasures = (known: Erasures): string => JSON.stringify(Object.fromEntries(known));

/** Those that are not done yet. */
export function dueIn(known: Erasures, owners: readonly RowOwner[]): RowOwner[] {
  return owners.flatMap((owner) => {
    const found = known.get(ownerName(owner));
    return dueOf(owner, found && { before: found[0], issuedAt: found[1], done: found[2] }) ?? [];
  });
}

/** Rows that no erasure reaches. */
export function sparedBy(known: Erasures, rows: readonly ExportRow[]): readonly ExportRow[] {
  if (known.size === 0) return rows;
  const names = new Map<string, number>();
  const firstOf = (row: ExportRow) => {
    const owner = `${row.app}/${row.wallet}`;
    const first = names.get(owner) ?? known.get(ownerName(row))?.[0] ?? 0;
    names.set(owner, first);
    return first;
  };
  return rows.filter((row) => row.origin >= firstOf(row));
}

/** Those that are known exactly as they are here: not of a later erasure. */
export const standingIn = (known: Erasures, owners: readonly RowOwner[]): RowOwner[] =>
  owners.filter((owner) => {
    const [before, issuedAt] = known.get(ownerName(owner)) ?? [];
    return before === owner.before && issuedAt === owner.issuedAt;
  });

/** The same with those written down. */
export function withErasures(known: Erasures, owners: readonly RowOwner[], done: boolean): Erasures {
  const noted = new Map(known);
  for (const owner of owners) noted.set(ownerName(owner), [owner.before, owner.issuedAt, done]);
  return noted;
}
