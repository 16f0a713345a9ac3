import type { Column, ColumnType, Table, Value } from '../../services/pipeline/ports/table.ts';

/** An event as its author means it: the texts of its scopes, and the values that every target must have for it. */
interface Meant {
  readonly scopes: Readonly<Record<string, string>>;
  readonly values: Readonly<Record<string, Value>>;
}

/** A type of events with a schema. */
export interface FlowType {
  readonly name: string;
  /** Avro, as it is registered. */
  readonly schema: string;
  /** What targets have of it. */
  readonly table: Table;
  /** Columns whose sum every engine must agree on. A list stands for the sum over its items' member. */
  readonly sums: readonly Sum[];
  make(n: number): Meant;
}

export interface Sum {
  readonly column: string;
  /** Of the records of a list. */
  readonly member?: string;
  /** Digits behind the point. */
  readonly scale: number;
  /** An engine that adds up doubles gets it right to the last digit, too. */
  readonly isSmall: boolean;
}

const optional = (type: unknown) => ({ type: ['null', type], default: null });
const decimal = (precision: number, scale: number) => ({ type: 'bytes', logicalType: 'decimal', precision, scale });
const decimalColumn = (precision: number, scale: number) => ({ kind: 'decimal' as const, precision, scale });
const record = (name: string, fields: readonly object[]) => ({ type: 'record', name, fields });
const listOf = (fields: Readonly<Record<string, ColumnType>>): ColumnType => ({
  kind: 'list',
  of: recordOf(fields),
});
const recordOf = (fields: Readonly<Record<string, ColumnType>>): ColumnType => ({
  kind: 'record',
  fields: columns(fields),
});
const columns = (types: Readonly<Record<string, ColumnType>>): Column[] =>
  Object.entries(types).map(([name, type]) => ({ name, type }));

const DAY_MS = 86_400_000;
/** A day of the first half of 2026. */
const dayOf = (n: number) => Date.UTC(2026, 0, 1) / DAY_MS + (n % 180);
const isoDay = (day: number) => new Date(day * DAY_MS).toISOString().slice(0, 10);
const digits = (n: bigint | number, width: number) => String(n).padStart(width, '0');
const decimalText = (unscaled: bigint, scale: number) => {
  const text = digits(unscaled, scale + 1);
  return `${text.slice(0, -scale)}.${text.slice(-scale)}`;
};

function flowType(
  name: string,
  fields: readonly object[],
  types: Readonly<Record<string, ColumnType>>,
  sums: readonly Sum[],
  make: (n: number) => Meant,
): FlowType {
  const table = { name, version: 1, columns: columns({ ...types, extra: 'string' }) };
  return { name, schema: JSON.stringify(record(name, fields)), table, sums, make };
}

const purchase = flowType(
  'PURCHASE',
  [
    { name: 'order', type: 'long', 'ddc.scope': 'purchase' },
    { name: 'amount', type: decimal(18, 2), 'ddc.scope': 'purchase' },
    { name: 'bought_at', type: { type: 'long', logicalType: 'timestamp-micros' } },
    { name: 'bought_on', type: { type: 'int', logicalType: 'date' } },
    {
      name: 'lines',
      type: {
        type: 'array',
        items: record('Line', [
          { name: 'sku', type: 'string' },
          { name: 'pieces', type: 'int' },
        ]),
      },
    },
    { name: 'customer', ...optional('string'), 'ddc.scope': 'profile' },
  ],
  {
    ...{ order: 'long', amount: decimalColumn(18, 2), bought_at: 'timestamp', bought_on: 'date' },
    ...{ lines: listOf({ sku: 'string', pieces: 'int' }), customer: 'string' },
  },
  [
    { column: 'order', scale: 0, isSmall: false },
    { column: 'amount', scale: 2, isSmall: true },
    { column: 'lines', member: 'pieces', scale: 0, isSmall: true },
  ],
  (n) => {
    // More than a double holds.
    const order = 9_007_199_254_740_993n + BigInt(n);
    const amount = BigInt((n * 7_919) % 1_000_003);
    const day = dayOf(n);
    const micros = BigInt(day * DAY_MS) * 1000n + BigInt(n % 1_000_003) * 86_399n + 7n;
    const iso = `${new Date(Number(micros / 1000n)).toISOString().slice(0, -1)}${digits(micros % 1000n, 3)}Z`;
    const lines = Array.from({ length: n % 4 }, (_, i) => ({ sku: `sku "${i}" é`, pieces: (n % 9) + i }));
    const customer = n % 5 === 0 ? null : `Ann ${n % 701}`;
    const data = [
      `"order":${order},"amount":${decimalText(amount, 2)},"bought_at":"${iso}","bought_on":"${isoDay(day)}"`,
      `"lines":${JSON.stringify(lines)}${n % 11 === 0 ? `,"coupon":"c${n}"` : ''}`,
    ];
    return {
      scopes: { purchase: `{${data.join()}}`, profile: customer === null ? '{}' : JSON.stringify({ customer }) },
      values: {
        ...{ order, amount, bought_at: micros, bought_on: day, lines, customer },
        extra: n % 11 === 0 ? JSON.stringify({ coupon: `c${n}` }) : null,
      },
    };
  },
);

const view = flowType(
  'VIEW',
  [
    { name: 'page', type: 'string' },
    { name: 'seconds', type: 'double' },
    { name: 'scrolled', ...optional('int') },
    { name: 'signed_in', type: 'boolean' },
  ],
  { page: 'string', seconds: 'double', scrolled: 'int', signed_in: 'boolean' },
  [{ column: 'scrolled', scale: 0, isSmall: true }],
  (n) => {
    const values = {
      ...{ page: `/p/${n % 97}?q=ü\u2028${n}`, seconds: n / 7, signed_in: n % 3 === 0 },
      scrolled: n % 4 === 0 ? null : (n % 201) - 100,
    };
    const { scrolled, ...always } = values;
    const json = JSON.stringify(scrolled === null ? always : { ...always, scrolled });
    return { scopes: { purchase: json }, values: { ...values, extra: null } };
  },
);

const reading = flowType(
  'READING',
  [
    { name: 'sensor', type: { type: 'string', logicalType: 'uuid' } },
    { name: 'celsius', type: 'float' },
    { name: 'samples', type: { type: 'array', items: 'int' } },
    { name: 'taken_at', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'raw', ...optional('bytes') },
  ],
  {
    ...{ sensor: 'string', celsius: 'float', samples: { kind: 'list', of: 'int' } },
    ...{ taken_at: 'timestamp', raw: 'bytes' },
  },
  [],
  (n) => {
    const sensor = `0190a1b2-0000-7000-8000-${digits(n % 50, 12)}`;
    const samples = Array.from({ length: n % 6 }, (_, i) => n * (i % 2 === 0 ? 1 : -1));
    const taken = Date.UTC(2026, 5, 1) + n * 61_001;
    const raw = n % 3 === 0 ? null : Uint8Array.of(0, n & 0xff, 255);
    const base64 = raw === null ? '' : `,"raw":"${Buffer.from(raw).toString('base64')}"`;
    return {
      scopes: {
        purchase: `{"sensor":"${sensor}","celsius":${(n % 800) / 10 - 40},"samples":${JSON.stringify(samples)}}`,
        profile: `{"taken_at":${taken}${base64}}`,
      },
      values: {
        ...{ sensor, celsius: Math.fround((n % 800) / 10 - 40), samples, taken_at: BigInt(taken) * 1000n, raw },
        extra: null,
      },
    };
  },
);

const transfer = flowType(
  'TRANSFER',
  [
    { name: 'worth', type: decimal(38, 18) },
    { name: 'fee', ...optional(decimal(9, 4)) },
    {
      name: 'account',
      type: record('Account', [
        { name: 'name', type: 'string' },
        { name: 'opened', ...optional({ type: 'int', logicalType: 'date' }) },
      ]),
    },
  ],
  {
    ...{ worth: decimalColumn(38, 18), fee: decimalColumn(9, 4) },
    account: recordOf({ name: 'string', opened: 'date' }),
  },
  [
    { column: 'worth', scale: 18, isSmall: false },
    { column: 'fee', scale: 4, isSmall: true },
  ],
  (n) => {
    const worth = BigInt(n) * 1_000_000_007_000_000_009n + 1n;
    const fee = n % 7 === 0 ? null : BigInt(n % 100_000);
    const opened = n % 2 === 0 ? null : dayOf(n * 3);
    const account = { name: `acc ${n % 13}`, opened };
    const told = opened === null ? { name: account.name } : { ...account, opened: isoDay(opened) };
    const fees = fee === null ? '' : `,"fee":"${decimalText(fee, 4)}"`;
    return {
      scopes: { purchase: `{"worth":"${decimalText(worth, 18)}","account":${JSON.stringify(told)}${fees}}` },
      values: { worth, fee, account, extra: null },
    };
  },
);

const TIERS = ['free', 'silver', 'gold'];
const rating = flowType(
  'RATING',
  [
    { name: 'stars', type: 'int' },
    { name: 'tier', type: { type: 'enum', name: 'Tier', symbols: TIERS } },
    { name: 'votes', type: { type: 'map', values: 'long' } },
    { name: 'review', ...optional('string') },
  ],
  { stars: 'int', tier: 'string', votes: listOf({ key: 'string', value: 'long' }), review: 'string' },
  [
    { column: 'stars', scale: 0, isSmall: true },
    { column: 'votes', member: 'value', scale: 0, isSmall: true },
  ],
  (n) => {
    const stars = 1 + (n % 5);
    const tier = TIERS[n % 3] ?? '';
    const votes = Array.from({ length: n % 3 }, (_, i) => ({ key: `k ${i}`, value: BigInt(n + i) }));
    const review = n % 6 === 0 ? null : `"${n}"\n🙂`;
    const told = `{${votes.map(({ key, value }) => `${JSON.stringify(key)}:${value}`).join()}}`;
    const reviewed = review === null ? '' : `,"review":${JSON.stringify(review)}`;
    return {
      scopes: { purchase: `{"stars":${stars},"tier":"${tier}","votes":${told}}`, profile: `{${reviewed.slice(1)}}` },
      values: { stars, tier, votes, review, extra: null },
    };
  },
);

/** Every type that columns can have is in them. */
export const FLOW_TYPES: readonly FlowType[] = [purchase, view, reading, transfer, rating];
export const FLOW_SCOPES = ['purchase', 'profile'];
