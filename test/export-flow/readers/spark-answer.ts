import { decimalOf, jsonValue } from '../../../connectors/sinks/json/value.ts';
import type { SeenRow } from '../../../services/pipeline/define-sink.ts';
import { parseExact } from '../../../services/pipeline/exact-json.ts';
import { COMMON_COLUMNS, commonFrom } from '../../../services/pipeline/ports/row-columns.ts';
import type { Column, ColumnType, Value } from '../../../services/pipeline/ports/table.ts';
import type { Answer } from '../compare.ts';
import { sumName, toldSum } from '../sums.ts';
import { FLOW_TYPES, type FlowType, type Sum } from '../types.ts';
import { textsOf } from './reader.ts';

/** How a timestamp of a table's own is had: Iceberg's sink for Kafka Connect has numbers of microseconds. */
export type OwnTimes = 'timestamps' | 'microseconds';

const quoted = (name: string) => `\`${name}\``;

/** As JSON can hold it: Spark's own writes milliseconds, and decimals as doubles are read. */
function selected({ name, type }: Column, times: OwnTimes): string {
  const column = quoted(name);
  if (type === 'timestamp' && times === 'timestamps') return `cast(unix_micros(${column}) AS string) AS ${column}`;
  const isExact = type === 'timestamp' || type === 'long' || (typeof type === 'object' && type.kind === 'decimal');
  return isExact ? `cast(${column} AS string) AS ${column}` : column;
}

/** Sums of 64 bits overflow. */
const summed = ({ column, member, scale }: Sum): string => {
  const type = `decimal(38, ${scale})`;
  const of =
    member === undefined
      ? `cast(${quoted(column)} AS ${type})`
      : `aggregate(transform(${quoted(column)}, one -> cast(one.${quoted(member)} AS ${type})), cast(0 AS ${type}), (a, b) -> cast(a + b AS ${type}))`;
  return `cast(sum(${of}) AS string)`;
};

/** A table's rows, and as one row more what Spark counts and adds up. */
export function sparkSql({ table, sums }: FlowType, from: string, times: OwnTimes = 'timestamps'): string {
  const columns = [
    ...COMMON_COLUMNS.map((column) => selected(column, 'timestamps')),
    ...table.columns.map((column) => selected(column, times)),
  ];
  const totals = ['cast(count(*) AS string) AS c', ...sums.map((sum, i) => `${summed(sum)} AS s${i}`)];
  return `SELECT 'row' AS what, to_json(struct(${columns.join(', ')})) AS json FROM ${from}
    UNION ALL SELECT 'totals', to_json(struct(*)) FROM (SELECT ${totals.join(', ')} FROM ${from})`;
}

/** Decimals may have an exponent. */
function sparkValue(type: ColumnType, json: unknown): Value {
  if (json === null || json === undefined) return null;
  if (type === 'timestamp') return BigInt(String(json));
  if (typeof type === 'string' || type.kind !== 'decimal') return jsonValue(type, json);
  const [digits = '', exponent] = String(json).split('E');
  if (exponent === undefined) return decimalOf(digits, type.scale);
  return decimalOf(digits, 0) * 10n ** BigInt(type.scale + Number(exponent) - (digits.split('.')[1]?.length ?? 0));
}

const sparkValues = (columns: readonly Column[], json: Readonly<Record<string, unknown>>): Record<string, Value> =>
  Object.fromEntries(columns.map(({ name, type }) => [name, sparkValue(type, json[name])]));

/** @param ask runs what `sparkSql` says for a table. @returns what the script printed */
export async function sparkAnswer(ask: (type: FlowType) => Promise<string>): Promise<Answer> {
  const [counts, sums, rows] = [new Map<string, number>(), new Map<string, string>(), [] as SeenRow[]];
  for (const type of FLOW_TYPES) {
    const { table } = type;
    const printed = JSON.parse(await ask(type)) as { rows: readonly { what: 'row' | 'totals'; json: string }[] };
    for (const { what, json } of printed.rows) {
      const found = parseExact(json) as Readonly<Record<string, unknown>>;
      if (what === 'row') {
        const values = sparkValues(table.columns, found);
        rows.push({ ...commonFrom(sparkValues(COMMON_COLUMNS, found)), table: table.name, values });
        continue;
      }
      counts.set(table.name, Number(found.c));
      for (const [i, sum] of type.sums.entries()) sums.set(sumName(type, sum), toldSum(found[`s${i}`], sum));
    }
  }
  return { rows: textsOf(rows), counts, sums };
}
