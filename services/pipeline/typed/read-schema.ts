import { isScopeName } from '../../../protocol/index.ts';
import { TAKEN_NAMES } from '../ports/row-columns.ts';
import type { EventSchema, Kind, SchemaField } from './kind.ts';
import { EXTRA_COLUMN } from './names.ts';
import { Problems, type SchemaProblem, shown } from './problems.ts';
import { readLogical } from './read-logical.ts';

const MAX_TEXT = 65_536;
const MAX_DEPTH = 8;
const MAX_FIELDS = 500;
const MAX_SYMBOLS = 1_000;

/** The rule of Avro for names, as long as PostgreSQL keeps them. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/;
/** Members that every JavaScript object has: as a column one of them would be found where there is no value. */
const OF_OBJECTS = new Set(Object.getOwnPropertyNames(Object.prototype).map((name) => name.toLowerCase()));
const TAKEN = new Set([...TAKEN_NAMES, EXTRA_COLUMN]);

type Json = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What was read: the schema, or every reason why it cannot be one. */
export type ReadSchema =
  | { readonly kind: 'schema'; readonly schema: EventSchema }
  | { readonly kind: 'problems'; readonly problems: readonly SchemaProblem[] };

/** Reads the text of an Avro schema of an app's event type. Pure; every problem at once. */
export function readSchema(text: string): ReadSchema {
  const problems = new Problems();
  const refused = (): ReadSchema => ({ kind: 'problems', problems: problems.list });
  if (text.length > MAX_TEXT) {
    problems.add('too_large', '', `it has ${text.length} characters`);
    return refused();
  }
  let avro: unknown;
  try {
    avro = JSON.parse(text);
  } catch {
    problems.add('not_json', '', 'it is not JSON');
    return refused();
  }
  if (!isObject(avro) || avro.type !== 'record') {
    problems.add('not_a_record', '', 'its top is no record');
    return refused();
  }
  const read = new Reader(problems).read(avro);
  return problems.list.length > 0 || read?.kind !== 'record' ? refused() : { kind: 'schema', schema: read };
}

/** A named type, while it is being read or after. */
type Named = { readonly raw: Json; readonly namespace: string };

interface Place {
  readonly at: string;
  readonly depth: number;
  /** Of names without one. */
  readonly namespace: string;
  /** Named types that are being read around this place. */
  readonly inside: readonly string[];
}

const PLAIN = ['boolean', 'int', 'long', 'float', 'double', 'string', 'bytes'] as const;
type Plain = (typeof PLAIN)[number];
const isPlain = (type: unknown): type is Plain => PLAIN.some((plain) => plain === type);

class Reader {
  readonly #problems: Problems;
  readonly #named = new Map<string, Named>();
  #fields = 0;

  constructor(problems: Problems) {
    this.#problems = problems;
  }

  read(avro: Json): Kind | null {
    return this.#type(avro, { at: '', depth: 0, namespace: '', inside: [] });
  }

  #no(...problem: Parameters<Problems['add']>): null {
    this.#problems.add(...problem);
    return null;
  }

  #type(avro: unknown, place: Place): Kind | null {
    const { at } = place;
    if (place.depth > MAX_DEPTH) return this.#no('too_deep', at, 'it nests too deep');
    if (Array.isArray(avro)) return this.#no('union', at, 'a union stands where there can be none');
    if (avro === 'null') return this.#no('zero_width', at, 'null has no value');
    if (typeof avro === 'string') return isPlain(avro) ? { kind: avro } : this.#reference(avro, place);
    if (!isObject(avro)) return this.#no('type', at, 'it is no type');
    const { type, logicalType } = avro;
    if (isObject(type)) return this.#type(type, { ...place, depth: place.depth + 1 });
    if (logicalType !== undefined && type !== 'fixed') return readLogical(avro, at, this.#problems);
    if (isPlain(type)) return { kind: type };
    switch (type) {
      case 'array':
        return this.#items('list', avro.items, place);
      case 'map':
        return this.#items('map', avro.values, place);
      case 'record':
      case 'enum':
      case 'fixed':
        return this.#define(avro, place);
      case 'null':
        return this.#no('zero_width', at, 'null has no value');
      default:
        return typeof type === 'string'
          ? this.#reference(type, place)
          : this.#no('type', at, `${shown(type)} is no type`);
    }
  }

  #items(kind: 'list' | 'map', avro: unknown, place: Place): Kind | null {
    const at = place.at === '' ? '[]' : `${place.at}[]`;
    const { inner, nullable } = this.#optional(avro, at);
    // A value that may be null still takes a byte: the one that says which it is.
    const of = this.#type(inner, { ...place, at, depth: place.depth + 1 });
    return of && { kind, of, nullable };
  }

  /** `["null", X]` → X. */
  #optional(avro: unknown, at: string): { readonly inner: unknown; readonly nullable: boolean } {
    if (!Array.isArray(avro)) return { inner: avro, nullable: false };
    const [first, inner] = avro as unknown[];
    if (avro.length === 2 && first === 'null' && inner !== 'null') return { inner, nullable: true };
    this.#problems.add('union', at, `a union of ${avro.length}`);
    return { inner: 'string', nullable: true };
  }

  #define(avro: Json, place: Place): Kind | null {
    const { at } = place;
    const given = typeof avro.name === 'string' ? avro.name : '';
    const namespace = typeof avro.namespace === 'string' ? avro.namespace : place.namespace;
    const full = fullName(given, namespace);
    if (!full.split('.').every((part) => NAME.test(part)))
      return this.#no('name', at, `${shown(full)} is no name of a type`);
    if (this.#named.has(full)) return this.#no('name_twice', at, `the type ${full} is defined twice`);
    const inner = full.includes('.') ? full.slice(0, full.lastIndexOf('.')) : '';
    this.#named.set(full, { raw: avro, namespace: inner });
    return this.#use(full, place);
  }

  #reference(name: string, place: Place): Kind | null {
    const full = fullName(name, place.namespace);
    const known = this.#named.has(full) ? full : this.#named.has(name) ? name : null;
    if (known === null) return this.#no('unknown_type', place.at, `${shown(name)} is not known here`);
    if (place.inside.includes(known)) return this.#no('recursive', place.at, `${known} contains itself`);
    return this.#use(known, place);
  }

  /** A named type, read where it is used: the same type counts as often as it is. */
  #use(full: string, place: Place): Kind | null {
    const { raw, namespace } = this.#named.get(full) as Named;
    const here = { ...place, namespace, inside: [...place.inside, full] };
    if (raw.type === 'enum') return this.#enum(raw, place.at);
    if (raw.type === 'fixed') return this.#fixed(raw, place.at);
    return this.#record(raw, here);
  }

  #enum({ symbols }: Json, at: string): Kind | null {
    const isList = Array.isArray(symbols) && symbols.every((symbol) => typeof symbol === 'string');
    if (!isList || symbols.length === 0 || symbols.length > MAX_SYMBOLS || new Set(symbols).size < symbols.length)
      return this.#no('symbols', at, 'its symbols are none, too many, or not each another text');
    return { kind: 'string', symbols: symbols as string[] };
  }

  #fixed(avro: Json, at: string): Kind | null {
    const { size } = avro;
    if (!Number.isInteger(size) || (size as number) < 1) return this.#no('zero_width', at, 'a fixed without bytes');
    return avro.logicalType === undefined
      ? { kind: 'bytes', length: size as number }
      : readLogical(avro, at, this.#problems);
  }

  #record({ fields }: Json, place: Place): Kind | null {
    const { at } = place;
    if (!Array.isArray(fields) || fields.length === 0) return this.#no('zero_width', at, 'a record without fields');
    const names = new Set<string>();
    const read: SchemaField[] = [];
    for (const field of fields as unknown[]) {
      this.#fields += 1;
      // Named types can be used twice in each other: without an end, a short schema would have 2^500 fields.
      if (this.#fields > MAX_FIELDS) {
        if (this.#fields === MAX_FIELDS + 1)
          this.#problems.add('too_wide', at, `it has more than ${MAX_FIELDS} fields`);
        return null;
      }
      const made = this.#field(field, place, names);
      if (made) read.push(made);
    }
    return { kind: 'record', fields: read };
  }

  #field(avro: unknown, place: Place, names: Set<string>): SchemaField | null {
    const name = isObject(avro) && typeof avro.name === 'string' ? avro.name : '';
    const at = place.at === '' ? name : `${place.at}.${name}`;
    const isTop = place.at === '';
    const folded = name.toLowerCase();
    if (!isObject(avro) || !NAME.test(name)) return this.#no('name', at, `${shown(name)} is no name of a field`);
    if (OF_OBJECTS.has(folded) || (isTop && TAKEN.has(folded))) return this.#no('name_taken', at, `${name} is taken`);
    if (names.has(folded)) return this.#no('name_twice', at, `${name} stands twice`);
    names.add(folded);
    const { inner, nullable } = this.#optional(avro.type, at);
    if (Object.hasOwn(avro, 'default') ? avro.default !== null || !nullable : nullable)
      this.#problems.add(
        'default',
        at,
        nullable ? `${name} is optional without default null` : `${name} has a default`,
      );
    const kind = this.#type(inner, { ...place, at, depth: place.depth + 1 });
    const scope = this.#scope(avro['ddc.scope'], isTop, at);
    return kind && { name, kind, nullable, scope };
  }

  #scope(given: unknown, isTop: boolean, at: string): string | null {
    if (given === undefined) return null;
    if (isTop && typeof given === 'string' && isScopeName(given)) return given;
    return this.#no('scope', at, `${shown(given)} is no scope here`);
  }
}

const fullName = (name: string, namespace: string): string =>
  name.includes('.') || namespace === '' ? name : `${namespace}.${name}`;
