import { checksum, nameOf } from './canonical.ts';

/** What one reader found of one export. */
export interface Answer {
  /** Every row, as `rowText` writes it. */
  readonly rows: readonly string[];
  /** `<table>.<column>`, or `<table>.<column>.<member>`: what the engine itself made of it, exact, as a text; what it cannot add up is not in it. */
  readonly sums: ReadonlyMap<string, string>;
  /** `<table>`: how many rows the engine itself counted. */
  readonly counts: ReadonlyMap<string, number>;
}

/** What an answer must be. */
export type Wanted = Answer;

export interface Figures {
  readonly rows: number;
  readonly checksum: string;
  readonly sums: number;
}

export const figuresOf = ({ rows, sums }: Answer): Figures => ({
  rows: rows.length,
  checksum: checksum(rows),
  sums: sums.size,
});

const SHOWN = 5;

/** In words; none where they are the same. */
export function differences(wanted: Wanted, found: Answer): string[] {
  const left = new Map<string, string>();
  for (const text of wanted.rows) left.set(nameOf(text), text);
  const seen = new Set<string>();
  const [extra, twice, other]: string[][] = [[], [], []];
  for (const text of found.rows) {
    const name = nameOf(text);
    const meant = left.get(name);
    if (seen.has(name)) twice?.push(text);
    else if (meant === undefined) extra?.push(text);
    else if (meant !== text) other?.push(`${text}\n      instead of ${meant}`);
    seen.add(name);
  }
  const missing = [...left].filter(([name]) => !seen.has(name)).map(([, text]) => text);
  const told = (what: string, rows: readonly string[] = []) =>
    rows.length === 0 ? [] : [`${rows.length} rows ${what}`, ...rows.slice(0, SHOWN).map((text) => `    ${text}`)];
  return [
    ...told('are missing', missing),
    ...told('should not be there', extra),
    ...told('are there twice', twice),
    ...told('have other values', other),
    ...unequal('count of', wanted.counts, found.counts),
    ...unequal('sum of', wanted.sums, found.sums),
  ];
}

/** Of what was found: an engine that cannot add something up leaves it out. */
function unequal<T>(what: string, wanted: ReadonlyMap<string, T>, found: ReadonlyMap<string, T>): string[] {
  return [...found].flatMap(([name, value]) =>
    value === wanted.get(name) ? [] : [`${what} ${name} is ${value}, not ${wanted.get(name)}`],
  );
}
