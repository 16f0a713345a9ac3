import { Command } from 'commander';
import { createAppSchemas } from '../connectors/registry/index.ts';
import { toHex } from '../protocol/bytes.ts';
import type { AppSchemas } from '../services/pipeline/ports/app-schemas.ts';
import type { ColumnType } from '../services/pipeline/ports/table.ts';
import { addSchema, lintSchema } from '../services/pipeline/typed/add-schema.ts';
import { typedTable } from '../services/pipeline/typed/typed-table.ts';
import { isRegistered } from './apps.ts';
import { readText } from './crypto/input.ts';
import { type Outcome, Refusal } from './crypto/outcome.ts';
import { publicKeyOption } from './crypto/places.ts';
import { needed } from './needed.ts';
import { appOption, jsonOption } from './options.ts';
import { problemLine, settleDeployment } from './settle-deployment.ts';

interface Options {
  readonly json: boolean;
}
interface OfApp extends Options {
  readonly app: string;
}

function registry(): AppSchemas {
  const { DDC_TOPIC_PREFIX: prefix = '' } = process.env;
  return createAppSchemas({ url: needed('SCHEMA_REGISTRY_URL').SCHEMA_REGISTRY_URL, prefix });
}

const lines = (all: readonly string[]): string => all.map((line) => `${line}\n`).join('');

/** A type as SQL writes it. */
function typeText(type: ColumnType): string {
  if (typeof type === 'string') return type;
  if (type.kind === 'decimal') return `decimal(${type.precision},${type.scale})`;
  if (type.kind === 'list') return `list<${typeText(type.of)}>`;
  return `record<${type.fields.map((field) => `${field.name}: ${typeText(field.type)}`).join(', ')}>`;
}

async function add(type: string, file: string, { app }: OfApp): Promise<Outcome> {
  const key = await publicKeyOption(app, '--app');
  const hex = toHex(key);
  const text = readText(file, '<file>');
  const schemas = registry();
  if (!(await isRegistered(needed('DATABASE_URL').DATABASE_URL, key)))
    throw new Refusal('unknown_app', `${hex} is not registered: see \`ddc apps list\`.`);
  const { version } = await addSchema(schemas, hex, type, text);
  return { text: `${type} version ${version}\n`, json: { app: hex, type, version } };
}

async function list({ app }: OfApp): Promise<Outcome> {
  const hex = toHex(await publicKeyOption(app, '--app'));
  const schemas = registry();
  const found: { type: string; version: number | null; columns: number; unused: number[] }[] = [];
  for (const type of await schemas.types(hex)) {
    const { latest, unusable } = typedTable(await schemas.versions(hex, type));
    const { version = null, columns = [] } = latest?.table ?? {};
    found.push({ type, version, columns: columns.length, unused: unusable.map((one) => one.version) });
  }
  const told = found.map(({ type, version, columns, unused }) => {
    const what = version === null ? 'cannot be used' : `version ${version}, ${columns} columns`;
    return `${type}: ${what}${unused.length === 0 ? '' : `, unused: ${unused.join(' ')}`}`;
  });
  return { text: lines(told), json: { schemas: found } };
}

async function show(type: string, { app, avro }: OfApp & { readonly avro?: boolean }): Promise<Outcome> {
  const hex = toHex(await publicKeyOption(app, '--app'));
  const versions = await registry().versions(hex, type);
  if (versions.length === 0)
    throw new Refusal('unknown_type', `${type} has no schema: its events are exported as texts.`);
  const { latest, unusable } = typedTable(versions);
  const version = latest?.table.version ?? null;
  const schema = versions.find((one) => one.version === version)?.text ?? null;
  const scopes = new Map(latest?.schema.fields.map(({ name, scope }) => [name, scope]));
  const columns = (latest?.table.columns ?? []).map((column) => ({
    ...{ name: column.name, type: typeText(column.type), scope: scopes.get(column.name) ?? null },
  }));
  const described = columns.map(
    (column) => `  ${column.name} ${column.type}${column.scope === null ? '' : ` (scope ${column.scope})`}`,
  );
  const told = schema === null ? [] : avro ? [schema] : [`${type} version ${version}`, ...described];
  return {
    text: lines(told),
    json: { type, version, columns, schema, unused: unusable },
    warnings: unusable.map((one) =>
      [`version ${one.version} is not used:`, ...one.problems.map(problemLine)].join('\n'),
    ),
    bad: unusable.length > 0,
  };
}

async function lint(type: string, file: string): Promise<Outcome> {
  const text = readText(file, '<file>');
  const problems = lintSchema(type, text);
  const { latest } = problems.length > 0 ? { latest: null } : typedTable([{ app: '', type, version: 1, text }]);
  const columns = (latest?.table.columns ?? []).map((column) => ({ name: column.name, type: typeText(column.type) }));
  const told = columns.map((column) => `  ${column.name} ${column.type}`);
  return {
    text: lines([...problems.map(problemLine), ...told]),
    json: { problems, columns },
    bad: problems.length > 0,
  };
}

/** `ddc schemas`. */
export function command(): Command {
  const of = () => appOption('whose schemas').makeOptionMandatory();
  const adding = new Command('add')
    .description('register a version of the schema of a type; exports use it within 5 s')
    .argument('<type>', 'of the events')
    .argument('<file>', 'Avro schema')
    .addOption(of())
    .addOption(jsonOption())
    .action((type: string, file: string, options: OfApp) =>
      settleDeployment(options.json, () => add(type, file, options)),
    );
  const listing = new Command('ls')
    .description('types with a schema, and their latest version')
    .addOption(of())
    .addOption(jsonOption())
    .action((options: OfApp) => settleDeployment(options.json, () => list(options)));
  const showing = new Command('show')
    .description('the columns of a type, or its schema as it is registered')
    .argument('<type>', 'of the events')
    .addOption(of())
    .option('--avro', 'the schema')
    .addOption(jsonOption())
    .action((type: string, options: OfApp) => settleDeployment(options.json, () => show(type, options)));
  const linting = new Command('lint')
    .description('what is wrong with a schema (1 then), or the columns that it makes; asks nobody')
    .argument('<type>', 'of the events')
    .argument('<file>', 'Avro schema')
    .addOption(jsonOption())
    .action((type: string, file: string, { json }: Options) => settleDeployment(json, () => lint(type, file)));
  const schemas = new Command('schemas').description('what events of an app hold: typed columns of exports');
  return [adding, listing, showing, linting].reduce((all, one) => all.addCommand(one), schemas);
}
