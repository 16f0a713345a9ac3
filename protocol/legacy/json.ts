import { ProtocolError } from '../errors.ts';

export type Fields = Record<string, unknown>;

/** Far beyond any real document, far below what the stack holds. */
const MAX_DEPTH = 200;

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The value of JSON text, or undefined where it is none: its own messages would quote what may be someone's data. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * The same JSON value with other leaves; `leaf` gets each with its path.
 * @throws ProtocolError `depth`, `proto`
 */
export function mapLeaves(
  value: unknown,
  leaf: (value: unknown, path: string) => unknown,
  path = '$',
  depth = 0,
): unknown {
  if (typeof value !== 'object' || value === null) return leaf(value, path);
  if (depth > MAX_DEPTH) throw new ProtocolError('depth');
  if (Array.isArray(value)) return value.map((item, i) => mapLeaves(item, leaf, `${path}[${i}]`, depth + 1));
  if (Object.hasOwn(value, '__proto__')) throw new ProtocolError('proto');
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, mapLeaves(member, leaf, `${path}.${name}`, depth + 1)]),
  );
}

/** Where whole numbers stand that JavaScript may have rounded while parsing. @throws ProtocolError `depth`, `proto` */
export function roundedNumbers(value: unknown): string[] {
  const places: string[] = [];
  mapLeaves(value, (leaf, path) => {
    if (Number.isInteger(leaf) && !Number.isSafeInteger(leaf)) places.push(path);
    return leaf;
  });
  return places;
}
