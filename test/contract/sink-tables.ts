import {
  type Column,
  EVENTS_TABLE,
  REJECTED_COLUMNS,
  REJECTED_TABLE,
  type Table,
  type Value,
} from '../../services/pipeline/ports/table.ts';

const text = (name: string): Column => ({ name, type: 'string' });
const decimal = (precision: number, scale: number) => ({ kind: 'decimal' as const, precision, scale });

export const EVENTS: Table = {
  name: EVENTS_TABLE,
  version: 0,
  columns: [text('scope_purchase'), text('scope___default_scope')],
};
export const REJECTED: Table = { name: REJECTED_TABLE, version: 0, columns: REJECTED_COLUMNS };

const SALE: readonly Column[] = [
  { name: 'amount', type: decimal(18, 2) },
  { name: 'extra', type: 'string' },
];
export const SALES_1: Table = { name: 'Sale.made-v', version: 1, columns: SALE };
/** A later version only adds. */
export const SALES_3: Table = { ...SALES_1, version: 3, columns: [...SALE, { name: 'shop_id', type: 'long' }] };

/** A column of each type, and of types in types. */
export const KINDS: Table = {
  name: 'every_kind',
  version: 1,
  columns: [
    { name: 'is_a', type: 'boolean' },
    { name: 'an_int', type: 'int' },
    { name: 'a_long', type: 'long' },
    { name: 'a_float', type: 'float' },
    { name: 'a_double', type: 'double' },
    text('a_text'),
    { name: 'some_bytes', type: 'bytes' },
    { name: 'a_day', type: 'date' },
    { name: 'an_instant', type: 'timestamp' },
    { name: 'a_price', type: decimal(5, 2) },
    { name: 'a_count', type: decimal(20, 0) },
    { name: 'the_most', type: decimal(38, 18) },
    { name: 'tags', type: { kind: 'list', of: 'string' } },
    { name: 'prices', type: { kind: 'list', of: decimal(18, 4) } },
    { name: 'address', type: { kind: 'record', fields: [text('street'), { name: 'moved_in', type: 'date' }] } },
    {
      name: 'lines',
      type: {
        kind: 'list',
        of: {
          kind: 'record',
          fields: [
            text('sku'),
            { name: 'at', type: 'timestamp' },
            { name: 'sizes', type: { kind: 'list', of: 'int' } },
            { name: 'maker', type: { kind: 'record', fields: [{ name: 'id', type: 'long' }] } },
          ],
        },
      },
    },
  ],
};

/** The latest version of each. */
export const TABLES: readonly Table[] = [EVENTS, REJECTED, SALES_3, KINDS];

const day = (iso: string) => Date.parse(iso) / 86_400_000;
const instant = (iso: string, micros = 0n) => BigInt(Date.parse(iso)) * 1000n + micros;

type Values = Readonly<Record<string, Value>>;

const FULL: Values = {
  is_a: true,
  an_int: -5,
  a_long: 9_007_199_254_740_993n,
  a_float: 0.5,
  a_double: 0.1,
  a_text: 'naïve "quoted" \u2028 \\n \n🙂',
  some_bytes: Uint8Array.of(0, 255, 10),
  a_day: day('2026-02-28'),
  an_instant: instant('2026-02-28T23:59:59.999Z', 999n),
  a_price: 1250n,
  a_count: 12_345_678_901_234_567_890n,
  the_most: 1n,
  tags: ['a', null, ''],
  prices: [12_345n, null],
  address: { street: 'Main St', moved_in: day('1999-12-31') },
  lines: [
    { sku: 'x', at: instant('2026-01-01T00:00:00.000Z'), sizes: [1, 2], maker: { id: 7n } },
    { sku: null, at: null, sizes: [], maker: null },
  ],
};

/** Values at their ends. */
const LEAST: Values = {
  is_a: false,
  an_int: -(2 ** 31),
  a_long: -(2n ** 63n),
  a_float: -1.5,
  a_double: -1.797_693_134_862_315_7e308,
  a_text: '',
  some_bytes: new Uint8Array(0),
  a_day: day('0001-01-01'),
  an_instant: instant('0001-01-01T00:00:00.000Z'),
  a_price: -99_999n,
  a_count: -(10n ** 20n - 1n),
  the_most: -(10n ** 38n - 1n),
  tags: [],
  prices: [],
  address: { street: '', moved_in: null },
  lines: [],
};
const MOST: Values = {
  ...FULL,
  an_int: 2 ** 31 - 1,
  a_long: 2n ** 63n - 1n,
  a_day: day('9999-12-31'),
  an_instant: instant('9999-12-31T23:59:59.999Z', 999n),
  the_most: 10n ** 38n - 1n,
  tags: ['null', '0'],
};

/** Values of `KINDS`: full ones, the ends, each column null once while the others are not, and all null. */
export const KIND_VALUES: readonly Values[] = [
  FULL,
  LEAST,
  MOST,
  ...KINDS.columns.map(({ name }) => ({ ...FULL, [name]: null })),
  Object.fromEntries(KINDS.columns.map(({ name }) => [name, null])),
];
