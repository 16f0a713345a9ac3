/** Numbers from `first` to `last`, both included. */
export type Run = readonly [first: number, last: number];

/** The same numbers in order, runs that touch made one. */
export function joined(runs: readonly Run[]): Run[] {
  const all: Run[] = [];
  for (const [first, last] of [...runs].sort((a, b) => a[0] - b[0])) {
    const before = all.at(-1);
    if (before !== undefined && first <= before[1] + 1) all[all.length - 1] = [before[0], Math.max(before[1], last)];
    else all.push([first, last]);
  }
  return all;
}

/** The numbers of the one that are not in the other; both as `joined` gives them. */
export function without(runs: readonly Run[], others: readonly Run[]): Run[] {
  const left: Run[] = [];
  let k = 0;
  for (const [first, last] of runs) {
    let from = first;
    while (k < others.length && (others[k] as Run)[1] < from) k += 1;
    for (let i = k; i < others.length && (others[i] as Run)[0] <= last; i += 1) {
      const [start, end] = others[i] as Run;
      if (start > from) left.push([from, start - 1]);
      from = Math.max(from, end + 1);
    }
    if (from <= last) left.push([from, last]);
  }
  return left;
}
