import { z } from 'zod';
import type { SinkSpec } from '../../services/pipeline/define-sink.ts';
import { COMMON_COLUMNS } from '../../services/pipeline/ports/row-columns.ts';
import { DAYS } from './folder/layout.ts';

interface Property {
  readonly type?: string;
  readonly anyOf?: readonly Property[];
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly description?: string;
  readonly additionalProperties?: { readonly properties?: Record<string, Property> };
}

/** `docs/sinks.md`, from the sinks themselves. */
export function sinkDocs(sinks: readonly SinkSpec[]): string {
  const head = [
    '# Sinks',
    '',
    '<!-- Generated from connectors/sinks by `npm run ddc -- docs sinks`; do not edit. -->',
    '',
    'An export is declared, by the operator with a command or by the app over the API ([operations.md](operations.md#exports)), and names a sink and its configuration:',
    '',
    '```sh',
    `ddc exports add shop --app <key> --scopes purchase --sink parquet --config '{ "folder": "/var/lib/ddc/export" }'`,
    '```',
    '',
    'The room `exports` runs what is declared. An exporter that is run by hand takes the same out of `DDC_EXPORT`: the name of a declared export, or JSON with `name`, `app` (hex',
    'key), `scopes`, `sink` and `config`.',
    '',
    'Rows belong to tables: `events` for types without a schema, with the text of each scope in the column `scope_<name>`; one per type that has a',
    '[schema](schemas.md), named like it, with typed columns; `_rejected` for what did not fit, with the reason. Every row of every table has',
    `${COMMON_COLUMNS.map(({ name }) => `\`${name}\``).join(', ')}. A later version of a schema adds columns and starts new files: read them`,
    'by name (`union_by_name` in DuckDB, `mergeSchema` in Spark).',
    '',
    `\`dt\` is the UTC day of the event. A delivery that covers more than ${DAYS} days gives the fullest of them a file each and keeps the rest of its rows in`,
    '`dt=__HIVE_DEFAULT_PARTITION__`, which is read as null: their `time` says when. Any number of processes may run one export.',
    '',
    'An export is made anew, or into another sink, by declaring another one and filling it by [`ddc replay --export`](replay.md).',
  ];
  return `${[...head, ...sinks.flatMap(section)].join('\n')}\n`;
}

function section(sink: SinkSpec): string[] {
  const schema = z.toJSONSchema(sink.config, { io: 'input' }) as {
    properties?: Record<string, Property>;
    required?: string[];
  };
  const rows = Object.entries(schema.properties ?? {}).map(
    ([field, property]) =>
      `| \`${field}\` | ${typeOf(property)} | ${defaultOf(property)} | ${property.description ?? ''} |`,
  );
  const nested = Object.entries(schema.properties ?? {}).flatMap(([field, { additionalProperties }]) =>
    Object.entries(additionalProperties?.properties ?? {}).map(
      ([inner, property]) => `| \`${field}.*.${inner}\` | ${typeOf(property)} | | ${property.description ?? ''} |`,
    ),
  );
  return [
    '',
    `## \`${sink.name}\``,
    '',
    sink.summary,
    '',
    '| field | type | default | |',
    '|---|---|---|---|',
    ...rows,
    ...nested,
  ];
}

function typeOf({ enum: values, anyOf, type = 'any' }: Property): string {
  if (values) return values.map((value) => `\`${value}\``).join(' or ');
  return anyOf ? anyOf.map(typeOf).join(' or ') : type;
}

const defaultOf = (property: Property) =>
  property.default === undefined ? '' : `\`${JSON.stringify(property.default)}\``;
