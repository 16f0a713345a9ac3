import type { RowOwner, RowSelection } from '../../../services/pipeline/ports/sink.ts';
import { selectedBy } from '../folder/selected-rows.ts';
import type { StoredRow } from './record.ts';

/** Which selection takes a row; -1: it goes with its owner; null: it stays. */
export type Judge = (row: StoredRow) => number | null;

export function ofOwners(owners: readonly RowOwner[]): Judge {
  const before = new Map(
    owners.map((owner) => [`${owner.app}/${owner.wallet}`, owner.before ?? Number.POSITIVE_INFINITY]),
  );
  return ({ app, wallet, origin }) => (origin < (before.get(`${app}/${wallet}`) ?? 0) ? -1 : null);
}

export function ofSelections(selections: readonly RowSelection[]): Judge {
  const byApp = new Map<string, { readonly judge: ReturnType<typeof selectedBy>; readonly numbers: number[] }>();
  for (const app of new Set(selections.map((one) => one.app))) {
    const mine = selections.flatMap((selection, n) => (selection.app === app ? [{ selection, n }] : []));
    const judge = selectedBy(
      app,
      mine.map(({ selection }) => selection),
    );
    byApp.set(app, { judge, numbers: mine.map(({ n }) => n) });
  }
  return (row) => {
    const found = byApp.get(row.app);
    const by = found?.judge(row) ?? null;
    return by === null ? null : (found?.numbers[by] ?? null);
  };
}
