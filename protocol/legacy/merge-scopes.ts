import { fromUtf8, utf8 } from '../bytes.ts';
import { ProtocolError } from '../errors.ts';
import { type Fields, isFields, jsonOf, roundedNumbers } from './json.ts';
import type { Opened } from './opened.ts';
import { warning } from './warnings.ts';

/** Where the viewer kept fields of no scope; the library's is `__default_scope`. */
export const UNCATEGORIZED = '__uncategorized';

/** How fields that stand in several scopes are merged: the library took the first, the viewer merged deeply, the last winning. */
export type Merge = 'first' | 'deep';

const MAX_DEPTH = 200;

function put(target: Fields, name: string, value: unknown): void {
  if (name === '__proto__') throw new ProtocolError('proto');
  target[name] = value;
}

function mergeFirst(all: readonly Fields[], clashes: Set<string>): Fields {
  const merged: Fields = {};
  for (const fields of all) {
    for (const [name, value] of Object.entries(fields)) {
      if (!Object.hasOwn(merged, name)) put(merged, name, value);
      else if (JSON.stringify(merged[name]) !== JSON.stringify(value)) clashes.add(name);
    }
  }
  return merged;
}

function mergeInto(target: Fields, fields: Fields, depth = 0): Fields {
  if (depth > MAX_DEPTH) throw new ProtocolError('depth');
  for (const [name, value] of Object.entries(fields)) {
    const held = Object.hasOwn(target, name) ? target[name] : undefined;
    if (isFields(held) && isFields(value)) mergeInto(held, value, depth + 1);
    else put(target, name, value);
  }
  return target;
}

/** Text of a scope, or undefined where it is no UTF-8. */
function textOf(bytes: Uint8Array): string | undefined {
  try {
    return fromUtf8(bytes);
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

/**
 * One document out of the scopes of G1. A single scope keeps its very bytes; several are merged when all hold JSON objects, joined otherwise.
 * @param merge as the library did unless the viewer's `__uncategorized` is there
 * @throws ProtocolError `proto`, `depth`
 */
export function mergeG1(scopes: ReadonlyMap<string, Uint8Array>, merge?: Merge): Opened {
  const pieces = [...scopes.values()];
  const objects = pieces.map((piece) => jsonOf(textOf(piece) ?? '')).filter(isFields);
  const isDocument = objects.length === pieces.length;
  if (pieces.length === 1) {
    return { form: isDocument ? 'document' : 'raw', plaintext: pieces[0] as Uint8Array, scopes, warnings: [] };
  }
  if (!isDocument) {
    return { form: 'raw', plaintext: joined(pieces), scopes, warnings: [warning('joined', [...scopes.keys()])] };
  }
  const clashes = new Set<string>();
  const way = merge ?? (scopes.has(UNCATEGORIZED) ? 'deep' : 'first');
  const merged =
    way === 'first'
      ? mergeFirst(objects, clashes)
      : objects.reduce<Fields>((all, fields) => mergeInto(all, fields), {});
  const rounded = roundedNumbers(merged);
  return {
    form: 'document',
    plaintext: utf8(JSON.stringify(merged)),
    scopes,
    warnings: [
      ...(clashes.size === 0 ? [] : [warning('first_wins', [...clashes])]),
      ...(rounded.length === 0 ? [] : [warning('numbers_rounded', rounded)]),
    ],
  };
}
