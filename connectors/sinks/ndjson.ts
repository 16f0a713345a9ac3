import { createReadStream, createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { defineSink, type SeenRow } from '../../services/pipeline/define-sink.ts';
import { parseExact } from '../../services/pipeline/exact-json.ts';
import { COMMON_COLUMNS, commonFrom } from '../../services/pipeline/ports/row-columns.ts';
import type { ExportRow, HeldRow, RowOwner, RowSelection } from '../../services/pipeline/ports/sink.ts';
import type { Table } from '../../services/pipeline/ports/table.ts';
import { type FileFormat, type Found, folderSink } from './folder/folder-sink.ts';
import { selectedBy } from './folder/selected-rows.ts';
import { tablesIn, walk } from './folder/walk.ts';
import { jsonMembers, jsonText } from './json/text.ts';
import { jsonValues } from './json/value.ts';

const EXTENSION = '.ndjson';
/** Shown together. */
const READ_ROWS = 2_000;

const config = z.strictObject({
  folder: z.string().min(1).describe('Folder that receives the files; created when absent.'),
});

/** One JSON object per line: the columns of every row, then those of its table. See `json/text.ts` for how values are written. */
function lineWriter(table: Table): (row: ExportRow) => string {
  const common = COMMON_COLUMNS.map(({ name, type, of }) => ({ key: `"${name}":`, write: jsonText(type), of }));
  const own = jsonMembers(table.columns);
  return (row) => {
    const head = common.map(({ key, write, of }) => key + write(of(row))).join(',');
    return table.columns.length === 0 ? `{${head}}\n` : `{${head},${own(row.values)}}\n`;
  };
}

/** A line as far as it is asked whose it is. */
interface Line {
  readonly app: string;
  readonly wallet: string;
  readonly batch_id: string;
  readonly slot: number;
  readonly origin: number;
  readonly event_id: string;
  readonly time: string;
  readonly session: string | null;
  readonly issued_at: string;
}

function heldLine(line: string): HeldRow {
  const { app, wallet, batch_id: batchId, slot, origin, event_id: eventId, ...row } = JSON.parse(line) as Line;
  const { session } = row;
  const [time, issuedAt] = [Date.parse(row.time), Date.parse(row.issued_at)];
  return { app, wallet, batchId, slot, eventId, time, session, issuedAt, origin };
}

/** By the number of which owner or selection a line goes; null: it stays. */
type Judge = (line: string) => number | null;

function linesOfOwners(owners: readonly RowOwner[]): Judge {
  const fences = new Map(owners.map(({ wallet, before }, n) => [wallet, { n, before }]));
  return (line) => {
    const { wallet, origin } = JSON.parse(line) as Line;
    const fence = fences.get(wallet);
    return fence && origin < fence.before ? fence.n : null;
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
  return (line) => by(heldLine(line));
}

/** @param numbers how many owners or selections there are */
function foundBy(judge: Judge, numbers: number): Found {
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
      const taken = new Array<number>(numbers).fill(0);
      await pipeline(async function* () {
        for await (const line of linesOf(from)) {
          const by = judge(line);
          if (by === null) {
            left += 1;
            yield `${line}\n`;
          } else taken[by] = (taken[by] ?? 0) + 1;
        }
      }, createWriteStream(to));
      return { left, taken };
    },
  };
}

const format: FileFormat = {
  extension: EXTENSION,
  async write(files) {
    for (const { path, table, rows } of files)
      await writeFile(path, rows.map(lineWriter(table)).join(''), { flag: 'wx' });
  },
  async *read(path) {
    let some: HeldRow[] = [];
    for await (const line of linesOf(path)) {
      some.push(heldLine(line));
      if (some.length < READ_ROWS) continue;
      yield some;
      some = [];
    }
    if (some.length > 0) yield some;
  },
  find: async (owners) => foundBy(linesOfOwners(owners), owners.length),
  findSelected: async (app, selections) => foundBy(linesSelected(app, selections), selections.length),
  async close() {},
};

/** What a consumer reads, by the columns that its tables have. */
async function seenRows(folder: string, tables: readonly Table[]): Promise<SeenRow[]> {
  const rows: SeenRow[] = [];
  for (const path of await tablesIn(folder)) {
    const table = basename(path);
    const columns = tables.find(({ name }) => name === table)?.columns ?? [];
    for (const file of await walk(path, EXTENSION)) {
      for await (const line of linesOf(file)) {
        const members = parseExact(line) as Readonly<Record<string, unknown>>;
        const common = commonFrom(jsonValues(COMMON_COLUMNS, members));
        rows.push({ ...common, table, values: jsonValues(columns, members) });
      }
    }
  }
  return rows;
}

export default defineSink({
  name: 'ndjson',
  summary:
    'Newline-delimited JSON files, one object per event, in the folders `<table>/app=<hex>/dt=YYYY-MM-DD/`. Numbers have all their digits, timestamps are ISO 8601 with microseconds, bytes are base64.',
  config,
  members: { folder: 'folder' },
  create: ({ folder }, context) => folderSink(folder, format, context),
  trial: (scratch) => ({ config: { folder: scratch }, rows: (tables) => seenRows(scratch, tables) }),
});
