import { COMMON_COLUMNS } from '../../../services/pipeline/ports/row-columns.ts';
import type { ExportRow } from '../../../services/pipeline/ports/sink.ts';
import type { Column, Table, Value } from '../../../services/pipeline/ports/table.ts';
import { element, sqlColumn } from './column.ts';
import { columnName, quoted } from './names.ts';

/** Writes any number of rows in one statement: `INSERT … SELECT … FROM unnest($1, $2 …)`, one parameter a column. */
export interface Insert {
  statement(relation: string): string;
  parameters(rows: readonly ExportRow[]): string[];
}

interface Cells {
  readonly name: string;
  readonly type: string;
  readonly cell: (row: ExportRow) => string;
}

function cellsOf({ name, type }: Column, of: (row: ExportRow) => Value | undefined): Cells {
  const column = sqlColumn(type);
  const cell = (row: ExportRow) => {
    const value = of(row);
    return value === null || value === undefined ? 'NULL' : element(column.text(value));
  };
  return { name: quoted(columnName(name)), type: column.type, cell };
}

/** Arrays of arrays would be one flat array to `unnest`: lists travel as text, each cast by itself. */
const unnested = (type: string) => (type.endsWith('[]') ? 'text' : type);

export function insertInto(table: Table): Insert {
  const columns = [
    ...COMMON_COLUMNS.map((column) => cellsOf(column, column.of)),
    ...table.columns.map((column) => cellsOf(column, (row) => row.values[column.name])),
  ];
  const aliases = columns.map((_, n) => `c${n}`);
  const selected = columns.map(({ type }, n) => (unnested(type) === type ? `c${n}` : `c${n}::${type}`));
  const unnest = columns.map(({ type }, n) => `$${n + 1}::${unnested(type)}[]`);
  const tail = `(${columns.map(({ name }) => name).join(', ')}) SELECT ${selected.join(', ')} FROM unnest(${unnest.join(', ')}) AS cells (${aliases.join(', ')})`;
  return {
    statement: (relation) => `INSERT INTO ${relation} ${tail}`,
    parameters: (rows) => columns.map(({ cell }) => `{${rows.map(cell).join(',')}}`),
  };
}
