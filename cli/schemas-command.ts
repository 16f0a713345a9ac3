import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { createAppSchemas } from '../connectors/registry/index.ts';
import { toHex } from '../protocol/bytes.ts';
import type { AppSchemas } from '../services/pipeline/ports/app-schemas.ts';
import type { ColumnType } from '../services/pipeline/ports/table.ts';
import { addSchema, lintSchema, SchemaRefused } from '../services/pipeline/typed/add-schema.ts';
import { typedTable } from '../services/pipeline/typed/typed-table.ts';
import { accountKey } from './apps.ts';

function registry(): AppSchemas {
  const { SCHEMA_REGISTRY_URL: url, DDC_TOPIC_PREFIX: prefix = '' } = process.env;
  if (!url) throw new Error('SCHEMA_REGISTRY_URL is not set: name the registry of the deployment.');
  return createAppSchemas({ url, prefix });
}

const appOf = (key: string): string => toHex(accountKey(key));
const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** A type as SQL writes it. */
function typeText(type: ColumnType): string {
  if (typeof type === 'string') return type;
  if (type.kind === 'decimal') return `decimal(${type.precision},${type.scale})`;
  if (type.kind === 'list') return `list<${typeText(type.of)}>`;
  return `record<${type.fields.map((field) => `${field.name}: ${typeText(field.type)}`).join(', ')}>`;
}

/** Every problem on a line of its own. */
function refuse(problems: SchemaRefused['problems']): void {
  for (const { code, at, message } of problems)
    process.stderr.write(`${code}${at === '' ? '' : ` at ${at}`}: ${message}\n`);
  process.exitCode = 1;
}

async function add(key: string, type: string, file: string): Promise<void> {
  try {
    const { version } = await addSchema(registry(), appOf(key), type, await readFile(file, 'utf8'));
    say(`${type} version ${version}`);
  } catch (error) {
    if (!(error instanceof SchemaRefused)) throw error;
    refuse(error.problems);
  }
}

async function list(key: string): Promise<void> {
  const schemas = registry();
  const app = appOf(key);
  for (const type of await schemas.types(app)) {
    const { latest, unusable } = typedTable(await schemas.versions(app, type));
    const columns = latest
      ? `version ${latest.table.version}, ${latest.table.columns.length} columns`
      : 'cannot be used';
    const wrong = unusable.length === 0 ? '' : `, unused: ${unusable.map(({ version }) => version).join(' ')}`;
    say(`${type}: ${columns}${wrong}`);
  }
}

async function show(key: string, type: string, { avro }: { readonly avro?: boolean }): Promise<void> {
  const versions = await registry().versions(appOf(key), type);
  if (versions.length === 0) throw new Error(`${type} has no schema: its events are exported as texts.`);
  const { latest, unusable } = typedTable(versions);
  if (latest && avro) say(versions.find(({ version }) => version === latest.table.version)?.text ?? '');
  if (latest && !avro) {
    say(`${type} version ${latest.table.version}`);
    const scopes = new Map(latest.schema.fields.map(({ name, scope }) => [name, scope]));
    for (const { name, type: column } of latest.table.columns) {
      const scope = scopes.get(name);
      say(`  ${name} ${typeText(column)}${scope ? ` (scope ${scope})` : ''}`);
    }
  }
  for (const { version, problems } of unusable) {
    process.stderr.write(`version ${version} is not used:\n`);
    refuse(problems);
  }
}

async function lint(type: string, file: string): Promise<void> {
  const text = await readFile(file, 'utf8');
  const problems = lintSchema(type, text);
  if (problems.length > 0) return refuse(problems);
  const { latest } = typedTable([{ app: '', type, version: 1, text }]);
  for (const column of latest?.table.columns ?? []) say(`  ${column.name} ${typeText(column.type)}`);
}

/** `ddc schemas`. */
export function command(): Command {
  const schemas = new Command('schemas').description('what events of an app hold: typed columns of exports');
  const app = 'of the app: SS58 address or 64 hex digits';
  schemas
    .command('add')
    .description('register a version of the schema of a type; exports use it within 5 s')
    .argument('<key>', app)
    .argument('<type>', 'of the events')
    .argument('<file>', 'Avro schema')
    .action(add);
  schemas
    .command('ls')
    .description('types with a schema, and their latest version')
    .argument('<key>', app)
    .action(list);
  schemas
    .command('show')
    .description('the columns of a type, or its schema as it is registered')
    .argument('<key>', app)
    .argument('<type>', 'of the events')
    .option('--avro', 'the schema')
    .action(show);
  schemas
    .command('lint')
    .description('what is wrong with a schema, or the columns that it makes; asks nobody')
    .argument('<type>', 'of the events')
    .argument('<file>', 'Avro schema')
    .action(lint);
  return schemas;
}
