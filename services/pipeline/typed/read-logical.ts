import type { Kind } from './kind.ts';
import { type Problems, shown } from './problems.ts';

const MAX_PRECISION = 38;

/** How many decimal digits a two's complement of so many bytes holds. */
const digitsIn = (bytes: number): number => Math.floor(Math.log10(2) * (8 * bytes - 1));

/** A type with a `logicalType`. */
export function readLogical(avro: Readonly<Record<string, unknown>>, at: string, problems: Problems): Kind | null {
  const { type, logicalType } = avro;
  switch (typeof logicalType === 'string' && typeof type === 'string' ? `${logicalType} ${type}` : '') {
    case 'date int':
      return { kind: 'date' };
    case 'timestamp-millis long':
      return { kind: 'timestamp', unit: 'ms' };
    case 'timestamp-micros long':
      return { kind: 'timestamp', unit: 'us' };
    case 'uuid string':
      return { kind: 'string', isUuid: true };
    case 'decimal bytes':
      return decimal(avro, MAX_PRECISION, at, problems);
    case 'decimal fixed':
      return decimal(avro, Math.min(MAX_PRECISION, digitsIn(avro.size as number)), at, problems);
  }
  const given = shown(logicalType);
  problems.add('logical_type', at, `${given} on ${shown(type)}`);
  return null;
}

function decimal(avro: Readonly<Record<string, unknown>>, most: number, at: string, problems: Problems): Kind | null {
  const { precision, scale = 0 } = avro;
  const isWhole = (value: unknown, least: number, end: number): value is number =>
    Number.isInteger(value) && (value as number) >= least && (value as number) <= end;
  if (isWhole(precision, 1, most) && isWhole(scale, 0, precision)) return { kind: 'decimal', precision, scale };
  problems.add('decimal', at, `precision ${shown(precision)} and scale ${shown(scale)}`);
  return null;
}
