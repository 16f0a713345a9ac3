import type { SeenRow } from '../../../services/pipeline/define-sink.ts';
import { parseExact } from '../../../services/pipeline/exact-json.ts';
import { COMMON_COLUMNS, commonFrom } from '../../../services/pipeline/ports/row-columns.ts';
import type { ExportRow } from '../../../services/pipeline/ports/sink.ts';
import type { Table } from '../../../services/pipeline/ports/table.ts';
import { jsonMembers, jsonText } from './text.ts';
import { jsonValues } from './value.ts';

const common = COMMON_COLUMNS.map(({ name, type, of }) => ({ key: `"${name}":`, write: jsonText(type), of }));

function lineWriter(table: Table): (row: ExportRow) => string {
  const own = jsonMembers(table.columns);
  const head = `{"table":${JSON.stringify(table.name)},"version":${table.version},"row":{`;
  return (row) => {
    const shared = common.map(({ key, write, of }) => key + write(of(row))).join(',');
    return `${head}${shared}${table.columns.length === 0 ? '' : `,${own(row.values)}`}}}`;
  };
}

/** Lines of rows: the table, its version, and the row with the columns that every row has first. Nothing is lost, see `text.ts`. */
export function rowLines(rows: readonly ExportRow[]): string[] {
  const writers = new Map<Table, (row: ExportRow) => string>();
  return rows.map((row) => {
    const write = writers.get(row.table) ?? lineWriter(row.table);
    writers.set(row.table, write);
    return write(row);
  });
}

/** A line read again. @param tables say of which types the columns are */
export function seenLine(line: string, tables: readonly Table[]): SeenRow {
  const { table, row } = parseExact(line) as {
    readonly table: string;
    readonly row: Readonly<Record<string, unknown>>;
  };
  const columns = tables.find(({ name }) => name === table)?.columns ?? [];
  return { ...commonFrom(jsonValues(COMMON_COLUMNS, row)), table, values: jsonValues(columns, row) };
}
