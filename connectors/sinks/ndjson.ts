import { createReadStream, createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { defineSink } from '../../services/pipeline/define-sink.ts';
import type { ExportRow, RowOwner, RowSelection } from '../../services/pipeline/ports/sink.ts';
import { type FileFormat, type Found, folderSink } from './folder/folder-sink.ts';
import { selectedBy } from './folder/selected-rows.ts';
import { walk } from './folder/walk.ts';

const EXTENSION = '.ndjson';

const config = z.strictObject({
  folder: z.string().min(1).describe('Folder that receives the files; created when absent.'),
});

const iso = (time: number) => new Date(time).toISOString();

/** One JSON object per line: the row as it is, its times as ISO text, each scope's plaintext as text. */
function lineOf({ time, issuedAt, ...row }: ExportRow): string {
  return `${JSON.stringify({ ...row, time: iso(time), issuedAt: iso(issuedAt) })}\n`;
}

/** A line, its times still text. Those from before there was an `issuedAt` have none. */
type Line = Omit<ExportRow, 'time' | 'issuedAt'> & { readonly time: string; readonly issuedAt?: string };

function rowOf(line: string): ExportRow {
  const { time, issuedAt, ...row } = JSON.parse(line) as Line;
  // Without one it counts as old: every removal reaches it.
  return { ...row, time: Date.parse(time), issuedAt: issuedAt === undefined ? 0 : Date.parse(issuedAt) };
}

/** Which selection takes a line; -1: it goes with its owner; null: it stays. */
type Judge = (line: string) => number | null;

function linesOfOwners(owners: readonly RowOwner[]): Judge {
  const before = new Map(owners.map((owner) => [owner.wallet, owner.before ?? Number.POSITIVE_INFINITY]));
  return (line) => {
    const { wallet, origin } = JSON.parse(line) as ExportRow;
    return origin < (before.get(wallet) ?? 0) ? -1 : null;
  };
}

/** Splits at LF alone: JSON leaves U+2028 and U+2029 as they are, and what else ends a line is for `readline` to change its mind about. */
async function* linesOf(path: string): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of createReadStream(path, 'utf8') as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}

function linesSelected(app: string, selections: readonly RowSelection[]): Judge {
  const by = selectedBy(app, selections);
  return (line) => by(rowOf(line));
}

function foundBy(judge: Judge, selections: number): Found {
  return {
    async in(paths) {
      const found: string[] = [];
      for (const path of paths) {
        for await (const line of linesOf(path)) {
          if (judge(line) === null) continue;
          found.push(path);
          break;
        }
      }
      return found;
    },
    async takenFrom(from, to) {
      let left = 0;
      const taken = new Array<number>(selections).fill(0);
      await pipeline(async function* () {
        for await (const line of linesOf(from)) {
          const by = judge(line);
          if (by === null) {
            left += 1;
            yield `${line}\n`;
          } else if (by >= 0) {
            taken[by] = (taken[by] ?? 0) + 1;
          }
        }
      }, createWriteStream(to));
      return { left, taken };
    },
  };
}

const format: FileFormat = {
  extension: EXTENSION,
  async write(files) {
    for (const { path, rows } of files) await writeFile(path, rows.map(lineOf).join(''), { flag: 'wx' });
  },
  find: async (owners) => foundBy(linesOfOwners(owners), 0),
  findSelected: async (app, selections) => foundBy(linesSelected(app, selections), selections.length),
  async close() {},
};

export default defineSink({
  name: 'ndjson',
  summary: 'Newline-delimited JSON files, one object per event, in the folders `app=<hex>/dt=YYYY-MM-DD/`.',
  config,
  create: ({ folder }, context) => folderSink(folder, format, context),
  trial: (scratch) => ({
    config: { folder: scratch },
    async rows() {
      const rows: ExportRow[] = [];
      for (const path of await walk(scratch, EXTENSION)) {
        for await (const line of linesOf(path)) {
          rows.push(rowOf(line));
        }
      }
      return rows;
    },
  }),
});
