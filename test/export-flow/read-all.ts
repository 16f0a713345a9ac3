import { nameOf } from './canonical.ts';
import { type Answer, differences, type Figures, figuresOf } from './compare.ts';
import { readers } from './readers/index.ts';
import type { Reader } from './readers/reader.ts';
import type { Source } from './source.ts';
import type { FlowExport } from './targets.ts';

/** What one tool found in one output. */
export interface Read {
  readonly export: string;
  readonly sink: string;
  readonly reader: string;
  readonly answer: Answer;
  readonly app: string;
}

/** Every output by every tool that reads its kind. */
export async function readAll(
  exports: readonly FlowExport[],
  say: (line: string) => void,
  tools: readonly Reader[] = readers,
): Promise<Read[]> {
  const found: Read[] = [];
  for (const { name, app, output } of exports) {
    const able = tools.filter(({ sinks }) => sinks.includes(output.sink));
    if (able.length === 0) throw new Error(`nobody here reads ${output.sink}`);
    for (const reader of able) {
      const from = performance.now();
      const answer = await reader.read(output);
      const took = ((performance.now() - from) / 1000).toFixed(1);
      say(`${name}, ${reader.name}: ${answer.rows.length} rows read, ${took} s`);
      found.push({ export: name, sink: output.sink, reader: reader.name, answer, app });
    }
  }
  return found;
}

/** How each differs from the source, in words; none where all are what they must be. */
export function unlike(source: Pick<Source, 'wanted'>, reads: readonly Read[]): string[] {
  const wanted = new Map(reads.map(({ app }) => [app, source.wanted(app)]));
  return reads.flatMap(({ app, export: of, reader, answer }) => {
    const meant = wanted.get(app);
    return meant ? differences(meant, answer).map((one) => `${of}, ${reader}: ${one}`) : [];
  });
}

/** Rows that were taken away and are there. */
export const leftIn = (source: Pick<Source, 'gone'>, reads: readonly Read[]): string[] =>
  reads.flatMap(({ export: of, reader, answer }) =>
    answer.rows.filter((text) => source.gone.has(nameOf(text))).map((text) => `${of}, ${reader}: ${text}`),
  );

export interface ReadFigures extends Figures {
  readonly export: string;
  readonly sink: string;
  readonly reader: string;
}

export const shownFigures = (reads: readonly Read[]): ReadFigures[] =>
  reads.map(({ export: of, sink, reader, answer }) => ({ export: of, sink, reader, ...figuresOf(answer) }));
