import { createReadStream, createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { defineSink } from '../../services/pipeline/define-sink.ts';
import type { ExportRow, RowOwner } from '../../services/pipeline/ports/sink.ts';
import { type FileFormat, folderSink } from './folder/folder-sink.ts';
import { walk } from './folder/walk.ts';

const EXTENSION = '.ndjson';

const config = z.strictObject({
  folder: z.string().min(1).describe('Folder that receives the files; created when absent.'),
});

/** One JSON object per line: the row as it is, its time as ISO text, each scope's plaintext as text. */
function lineOf({ time, ...row }: ExportRow): string {
  return `${JSON.stringify({ ...row, time: new Date(time).toISOString() })}\n`;
}

/** Tells the lines of these owners. */
function linesOfOwners(owners: readonly RowOwner[]): (line: string) => boolean {
  const before = new Map(owners.map((owner) => [owner.wallet, owner.before ?? Number.POSITIVE_INFINITY]));
  return (line) => {
    const { wallet, origin } = JSON.parse(line) as ExportRow;
    return origin < (before.get(wallet) ?? 0);
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

const format: FileFormat = {
  extension: EXTENSION,
  async write(files) {
    for (const { path, rows } of files) await writeFile(path, rows.map(lineOf).join(''), { flag: 'wx' });
  },
  async find(owners) {
    const isTheirs = linesOfOwners(owners);
    return {
      async in(paths) {
        const found: string[] = [];
        for (const path of paths) {
          for await (const line of linesOf(path)) {
            if (!isTheirs(line)) continue;
            found.push(path);
            break;
          }
        }
        return found;
      },
      async takenFrom(from, to) {
        let left = 0;
        await pipeline(async function* () {
          for await (const line of linesOf(from)) {
            if (isTheirs(line)) continue;
            left += 1;
            yield `${line}\n`;
          }
        }, createWriteStream(to));
        return left;
      },
    };
  },
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
          const { time, ...row } = JSON.parse(line) as Omit<ExportRow, 'time'> & { time: string };
          rows.push({ ...row, time: Date.parse(time) });
        }
      }
      return rows;
    },
  }),
});
