import type { HeldRow, RowOwner, RowSelection } from '../../../services/pipeline/ports/sink.ts';
import { selectedBy } from '../folder/selected-rows.ts';

/** By the number of which owner or selection a row goes; null: it stays. */
export type Judge = (row: HeldRow) => number | null;

export function ofOwners(owners: readonly RowOwner[]): Judge {
  const fences = new Map(owners.map(({ app, wallet, before }, n) => [`${app}/${wallet}`, { n, before }]));
  return ({ app, wallet, origin }) => {
    const fence = fences.get(`${app}/${wallet}`);
    return fence && origin < fence.before ? fence.n : null;
  };
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
