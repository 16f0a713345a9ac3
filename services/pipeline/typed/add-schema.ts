import { isDeepStrictEqual } from 'node:util';
import { FatalError } from '../errors.ts';
import type { AppSchema, AppSchemas } from '../ports/app-schemas.ts';
import { typeNameProblem } from './names.ts';
import { Problems, type SchemaProblem } from './problems.ts';
import { readSchema } from './read-schema.ts';
import { typedTable } from './typed-table.ts';

/** What one app may have. */
export const MAX_TYPES = 200;
export const MAX_VERSIONS = 100;

/** A schema that is not registered, with every reason. */
export class SchemaRefused extends Error {
  readonly code = 'schema_refused';
  readonly problems: readonly SchemaProblem[];
  constructor(problems: readonly SchemaProblem[]) {
    super(problems.map(({ at, message }) => (at === '' ? message : `${at}: ${message}`)).join('; '));
    this.name = 'SchemaRefused';
    this.problems = problems;
  }
}

/** What is wrong with a schema by itself. Pure. */
export function lintSchema(type: string, text: string): readonly SchemaProblem[] {
  const problems = new Problems();
  const wrong = typeNameProblem(type);
  if (wrong) problems.add('type_name', '', `${JSON.stringify(type).slice(0, 80)} ${wrong}`);
  const read = readSchema(text);
  return [...problems.list, ...(read.kind === 'problems' ? read.problems : [])];
}

/** What is wrong with a schema beside those of other types. */
function problemsBeside(types: readonly string[], type: string): readonly SchemaProblem[] {
  const problems = new Problems();
  const others = types.filter((other) => other !== type);
  const same = others.find((other) => other.toLowerCase() === type.toLowerCase());
  if (same !== undefined) problems.add('type_twice', '', `there is a type ${same}`);
  if (others.length >= MAX_TYPES) problems.add('too_many', '', `the app has ${others.length} types with a schema`);
  return problems.list;
}

/**
 * Registers a version of the schema of an app's type. The same schema again is the version that there is.
 * @param app lower-case hex
 * @throws SchemaRefused with every problem; RetriableError while the registry does not answer
 */
export async function addSchema(schemas: AppSchemas, app: string, type: string, text: string): Promise<AppSchema> {
  const alone = lintSchema(type, text);
  if (alone.length > 0) throw new SchemaRefused(alone);
  const versions = await schemas.versions(app, type);
  const known = versions.find((one) => isDeepStrictEqual(JSON.parse(one.text), JSON.parse(text)));
  if (known) return known;
  const beside = problemsBeside(await schemas.types(app), type);
  const candidate = { app, type, version: (versions.at(-1)?.version ?? 0) + 1, text };
  const after = unusable([...versions, candidate], candidate.version);
  const many = new Problems();
  if (versions.length >= MAX_VERSIONS) many.add('too_many', '', `the type has ${versions.length} versions`);
  const problems = [...beside, ...after, ...many.list];
  if (problems.length > 0) throw new SchemaRefused(problems);
  const added = await register(schemas, candidate);
  // Two that come at once each follow what there was before, and not each other.
  const late = unusable(await schemas.versions(app, type), added.version);
  if (late.length > 0) throw new SchemaRefused(late);
  return added;
}

const unusable = (versions: readonly AppSchema[], version: number): readonly SchemaProblem[] =>
  typedTable(versions).unusable.find((one) => one.version === version)?.problems ?? [];

async function register(schemas: AppSchemas, { app, type, text }: AppSchema): Promise<AppSchema> {
  try {
    return await schemas.add(app, type, text);
  } catch (error) {
    if (!(error instanceof FatalError)) throw error;
    const problems = new Problems();
    problems.add('registry', '', error.message);
    throw new SchemaRefused(problems.list);
  }
}
