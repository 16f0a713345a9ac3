import type { AppSchemas } from '../../pipeline/ports/app-schemas.ts';
import { type TypedTable, typedTable, type UnusableVersion } from '../../pipeline/typed/typed-table.ts';
import { untypedRows } from '../events-table.ts';
import type { RowMaker, RowMakers } from '../opened-event.ts';
import { typedRows } from './map-event.ts';
import { rejectedRow } from './rejected.ts';

/** A schema that was registered this long ago is in use. Milliseconds. */
export const REFRESH_MS = 5_000;

export interface TypedEdges {
  readonly schemas: Pick<AppSchemas, 'types' | 'versions'>;
  /** Lower-case hex. */
  readonly app: string;
  readonly scopes: readonly string[];
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  /** Told once of each: nothing is made of it. */
  onUnusable(type: string, version: UnusableVersion): void;
  /** A type of which rows were made is made by another version from here on; 0: as texts, null: none can be used. */
  onChanged?(type: string, before: number | null, now: number | null): void;
  /** The registry does not answer: what is known goes on being used. */
  onStale(error: unknown): void;
}

interface Known {
  readonly at: number;
  /** How many versions it was made of. */
  readonly versions: number;
  /** Of the table; null: none can be used. */
  readonly version: number | null;
  readonly rowOf: RowMaker;
}

const unusable: RowMaker = (event) => rejectedRow(event, 'schema_unusable', '');

/**
 * Row makers that follow the registry: types with a schema have a table of their own, the others share `events`. Only the schemas of types that
 * occur are asked for. Without the registry an export goes on with what it knows, but does not begin: typed rows would come as texts.
 */
export function typedRowMakers(edges: TypedEdges): RowMakers {
  const { schemas, app, now } = edges;
  const untyped = untypedRows(edges.scopes);
  const known = new Map<string, Known>();
  const told = new Set<string>();
  /** Types of which rows were made, with the version of the last. */
  const used = new Map<string, number | null>();
  let failedAt = Number.NEGATIVE_INFINITY;
  let listed: { readonly at: number; readonly types: ReadonlySet<string> } | null = null;

  async function listTypes(): Promise<ReadonlySet<string>> {
    if (listed && now() - listed.at < REFRESH_MS) return listed.types;
    listed = { at: now(), types: new Set(await schemas.types(app)) };
    return listed.types;
  }

  function tell(type: string, versions: readonly UnusableVersion[]): void {
    for (const one of versions) {
      if (told.has(`${type}/${one.version}`)) continue;
      told.add(`${type}/${one.version}`);
      edges.onUnusable(type, one);
    }
  }

  async function refresh(type: string): Promise<void> {
    const last = known.get(type);
    if (last && now() - last.at < REFRESH_MS) return;
    const versions = await schemas.versions(app, type);
    if (versions.length === 0) return void known.delete(type);
    if (last && last.versions === versions.length) return void known.set(type, { ...last, at: now() });
    const made = typedTable(versions);
    tell(type, made.unusable);
    const version = made.latest?.table.version ?? null;
    known.set(type, { at: now(), versions: versions.length, version, rowOf: makerOf(made.latest) });
  }

  function use(types: ReadonlySet<string>): void {
    for (const type of types) {
      const version = known.has(type) ? (known.get(type)?.version ?? null) : 0;
      const before = used.get(type);
      if (before !== undefined && before !== version) edges.onChanged?.(type, before, version);
      used.set(type, version);
    }
  }

  /** What a type is that was never looked at is not known: it may have a schema. */
  const isKnown = (type: string) => known.has(type) || (listed !== null && !listed.types.has(type));

  async function follow(types: ReadonlySet<string>): Promise<void> {
    const withSchema = await listTypes();
    for (const type of known.keys()) if (!withSchema.has(type)) known.delete(type);
    for (const type of types) if (withSchema.has(type)) await refresh(type);
  }

  return {
    async for(types) {
      const canWait = [...types].every(isKnown);
      if (!canWait || now() - failedAt >= REFRESH_MS) {
        try {
          await follow(types);
        } catch (error) {
          if (![...types].every(isKnown)) throw error;
          failedAt = now();
          edges.onStale(error);
        }
      }
      use(types);
      const makers = new Map([...known].map(([type, { rowOf }]) => [type, rowOf]));
      return (event) => (makers.get(event.type) ?? untyped)(event);
    },
  };
}

const makerOf = (latest: TypedTable | null): RowMaker => (latest ? typedRows(latest) : unusable);
