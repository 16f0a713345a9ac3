import type { Table, Value } from '../../services/pipeline/ports/table.ts';
import type { FlowType, Sum } from './types.ts';

/** A sum under the name that answers give it. */
export const sumName = ({ table }: { readonly table: Table }, { column, member }: Sum): string =>
  [table.name, column, member].filter(Boolean).join('.');

/** As engines write it: digits, and a point where there are some behind it. */
export function sumText(unscaled: bigint, scale: number): string {
  const text = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
  const whole = scale === 0 ? text : `${text.slice(0, -scale)}.${text.slice(-scale)}`;
  return unscaled < 0n ? `-${whole}` : whole;
}

/** What an engine answered; of no rows it says null. */
export const toldSum = (told: unknown, { scale }: Sum): string =>
  told === null || told === undefined ? sumText(0n, scale) : String(told);

type Values = Readonly<Record<string, Value | undefined>>;

function addend(values: Values, { column, member }: Sum): bigint {
  const value = values[column];
  if (value === null || value === undefined) return 0n;
  if (member === undefined) return BigInt(value as bigint | number);
  return (value as readonly Values[]).reduce((sum, one) => sum + BigInt(one[member] as bigint | number), 0n);
}

/** Counts and sums of rows in hand: of the source, and of targets that are no engines. */
export function totals(
  types: readonly FlowType[],
  rows: Iterable<{ readonly table: string; readonly values: Values }>,
) {
  const unscaled = new Map<string, bigint>();
  const counts = new Map<string, number>(types.map(({ table }) => [table.name, 0]));
  const byTable = new Map(types.map((type) => [type.table.name, type]));
  for (const { table, values } of rows) {
    counts.set(table, (counts.get(table) ?? 0) + 1);
    const type = byTable.get(table);
    for (const sum of type?.sums ?? []) {
      const name = sumName(type as FlowType, sum);
      unscaled.set(name, (unscaled.get(name) ?? 0n) + addend(values, sum));
    }
  }
  const sums = new Map<string, string>();
  for (const type of types)
    for (const sum of type.sums) {
      const name = sumName(type, sum);
      sums.set(name, sumText(unscaled.get(name) ?? 0n, sum.scale));
    }
  return { counts, sums };
}
