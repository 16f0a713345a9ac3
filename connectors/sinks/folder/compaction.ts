/** A file as a listing of a folder or a bucket shows it. */
export interface PlacedFile {
  /** Relative to the export, slashes between folders. */
  readonly name: string;
  readonly bytes: number;
  /** When it was written, milliseconds. */
  readonly time: number;
}

export interface CompactionLimits {
  /** Files that are as large are left alone, and no merge makes one that is much larger. */
  readonly bytes: number;
  /** A small file that is older is merged with its neighbours, however few. */
  readonly ageMs: number;
  /** So many small neighbours are merged, however young. */
  readonly files: number;
}

/** Neighbours that become one file. */
export interface Merge {
  /** In order of their origins. */
  readonly from: readonly string[];
  readonly to: string;
}

interface Parsed extends PlacedFile {
  readonly folder: string;
  readonly partition: string;
  readonly first: string;
  readonly last: string;
  /** What else the name says: the version of the columns, and the format. */
  readonly rest: string;
}

/** `<folders>/p<partition>-<first>-<last><rest>` (`layout.ts`). */
const NAME = /^(?<folder>.*\/)p(?<partition>\d+)-(?<first>\d+)-(?<last>\d+)(?<rest>[^/]*)$/;

function parse(file: PlacedFile): Parsed[] {
  const found = NAME.exec(file.name)?.groups;
  if (!found) return [];
  const { folder = '', partition = '', first = '', last = '', rest = '' } = found;
  return [{ ...file, folder, partition, first, last, rest }];
}

/** Of a data file, by its name. */
export const partitionOf = (name: string): number => Number(NAME.exec(name)?.groups?.partition);

/**
 * What to merge: neighbours in one folder, of one partition, with the same columns, so that the name of a merged file covers the origins of what went into it
 * and of nothing else. A file that outweighs all after it is left for later: so a row is written anew only as often as its file's size doubles.
 * @param now by the clock that gave the files their times
 */
export function mergesOf(files: readonly PlacedFile[], now: number, limits: CompactionLimits): Merge[] {
  const groups = new Map<string, Parsed[]>();
  for (const file of files.flatMap(parse)) {
    const key = `${file.folder}p${file.partition}${file.rest}`;
    const group = groups.get(key);
    if (group) group.push(file);
    else groups.set(key, [file]);
  }
  return [...groups.values()].flatMap((group) =>
    runsOf(
      group.sort((a, b) => (a.first < b.first ? -1 : 1)),
      limits,
    ).flatMap((run) => {
      const chosen = chosenOf(run, now, limits);
      const [first, last] = [chosen[0], chosen.at(-1)];
      if (!first || !last || first === last) return [];
      const { folder, partition, rest } = first;
      const to = `${folder}p${partition}-${first.first}-${last.last}${rest}`;
      return [{ from: chosen.map(({ name }) => name), to }];
    }),
  );
}

const sum = (files: readonly PlacedFile[]) => files.reduce((total, { bytes }) => total + bytes, 0);

/** Small files without a large one between them, cut where they fill a file of the wanted size. */
function runsOf(sorted: readonly Parsed[], { bytes }: CompactionLimits): Parsed[][] {
  const runs: Parsed[][] = [];
  let [run, held]: [Parsed[], number] = [[], 0];
  const cut = () => {
    runs.push(run);
    [run, held] = [[], 0];
  };
  for (const file of sorted) {
    if (file.bytes >= bytes || held >= bytes) cut();
    if (file.bytes >= bytes) continue;
    run.push(file);
    held += file.bytes;
  }
  cut();
  return runs;
}

function chosenOf(run: readonly Parsed[], now: number, limits: CompactionLimits): readonly Parsed[] {
  const all = sum(run);
  if (all >= limits.bytes || run.some(({ time }) => now - time >= limits.ageMs)) return run;
  let [from, rest] = [0, all];
  for (const { bytes } of run) {
    rest -= bytes;
    if (bytes <= rest) break;
    from += 1;
  }
  return run.length - from >= limits.files ? run.slice(from) : [];
}
