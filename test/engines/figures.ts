import { createHash } from 'node:crypto';
import type { ExportRow } from '../../services/pipeline/ports/sink.ts';
import type { Value } from '../../services/pipeline/ports/table.ts';

/** What must be equal wherever the rows are: counts, sums, and a checksum over every typed value of every row. */
export interface Figures {
  readonly count: string;
  readonly amount: string | null;
  readonly quantity: string | null;
  readonly checksum: string | null;
}

const NULL = '~';

function decimalText(unscaled: bigint, scale: number): string {
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0');
  return `${unscaled < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

const record = (value: Value | undefined) => (value ?? {}) as Readonly<Record<string, Value>>;
const decimal = (value: Value | undefined, scale: number) =>
  typeof value === 'bigint' ? decimalText(value, scale) : null;
const list = (value: Value | undefined, of: (item: Value) => string) =>
  Array.isArray(value) ? value.map(of).join(',') : null;
const isoDay = (value: Value | undefined) =>
  typeof value === 'number' ? new Date(value * 86_400_000).toISOString().slice(0, 10) : null;

/** A row as one line. The SQL below writes the same. */
function lineOf(
  { wallet, batchId, slot, time, issuedAt, session, verified, values }: ExportRow,
  flat: boolean,
): string {
  const buyer = record(values.buyer);
  const ofLine = (item: Value) => [record(item).sku, decimal(record(item).price, 3), record(item).at].join(':');
  const parts = [
    ...[wallet, batchId, slot, decimal(values.amount, 2), values.quantity, values.paid_at, isoDay(values.day)],
    ...[buyer.city, buyer.since, decimal(buyer.score, 4), buyer.tier, list(values.tags, (tag) => String(tag ?? NULL))],
    ...(flat ? [] : [list(values.lines, ofLine)]),
    ...[values.coupon, BigInt(time) * 1000n, BigInt(issuedAt) * 1000n, session, verified],
  ];
  return parts.map((part) => String(part ?? NULL)).join('|');
}

/** @param flat without the column that is a list of records */
export function figuresOf(rows: readonly ExportRow[], flat = false): Figures {
  const sum = (of: (row: ExportRow) => Value | undefined) =>
    rows.reduce((all, row) => all + ((of(row) as bigint | null) ?? 0n), 0n);
  const lines = rows.map((row) => lineOf(row, flat)).sort();
  return {
    count: String(rows.length),
    amount: decimalText(
      sum(({ values }) => values.amount),
      2,
    ),
    quantity: String(sum(({ values }) => values.quantity)),
    checksum: createHash('sha256').update(lines.join('\n')).digest('hex'),
  };
}

const orNull = (texts: readonly string[]): string => texts.map((text) => `coalesce(${text}, '${NULL}')`).join(', ');

/**
 * The figures, for Spark.
 * @param own how microseconds of a timestamp of the table's own are had: Iceberg's sink has nothing else
 */
export function sparkFigures(from: string, own: 'timestamps' | 'microseconds' = 'timestamps'): string {
  const micros = (column: string) => `cast(unix_micros(${column}) AS string)`;
  const ownMicros = (column: string) => (own === 'timestamps' ? micros(column) : `cast(${column} AS string)`);
  const texts = [
    ...['wallet', 'batch_id', 'cast(slot AS string)', 'cast(amount AS string)', 'cast(quantity AS string)'],
    ...[ownMicros('paid_at'), 'cast(day AS string)', 'buyer.city', ownMicros('buyer.since')],
    ...['cast(buyer.score AS string)', 'cast(buyer.tier AS string)', `array_join(tags, ',', '${NULL}')`],
    `array_join(transform(lines, l -> concat_ws(':', l.sku, cast(l.price AS string), ${ownMicros('l.at')})), ',')`,
    ...['coupon', micros('time'), micros('issued_at'), 'session', 'cast(verified AS string)'],
  ];
  return `SELECT cast(count(*) AS string) AS count, cast(sum(amount) AS string) AS amount,
    cast(sum(cast(quantity AS decimal(38, 0))) AS string) AS quantity,
    sha2(array_join(sort_array(collect_list(concat_ws('|', ${orNull(texts)}))), '\\n'), 256) AS checksum FROM ${from}`;
}

/** The figures, for PostgreSQL, with records as columns of their own. */
export function postgresFigures(from: string): string {
  const micros = (column: string) => `(extract(epoch FROM ${column}) * 1000000)::bigint::text`;
  const texts = [
    ...['wallet', 'batch_id', 'slot::text', 'amount::text', 'quantity::text', micros('paid_at'), 'day::text'],
    ...['buyer_city', micros('buyer_since'), 'buyer_score::text', 'buyer_tier::text'],
    ...[`array_to_string(tags, ',', '${NULL}')`, 'coupon', micros('time'), micros('issued_at'), 'session'],
    'verified::text',
  ];
  return `WITH lines AS (SELECT amount, quantity, concat_ws('|', ${orNull(texts)}) AS line FROM ${from})
    SELECT count(*)::text AS count, sum(amount)::text AS amount, sum(quantity)::text AS quantity,
      encode(sha256(convert_to(string_agg(line, E'\\n' ORDER BY line COLLATE "C"), 'UTF8')), 'hex') AS checksum FROM lines`;
}
