import type { Command } from 'commander';
import { readText } from '../crypto/input.ts';
import { UsageError } from '../crypto/outcome.ts';
import { appOption, type Scopes, scopesOf, scopesOption, typesOption } from '../options.ts';
import { TIME_FORMS, when } from '../when.ts';

/** What whoever declares an export says of it. */
export interface DeclaringOptions {
  readonly app: string;
  readonly scopes?: Scopes;
  readonly types?: readonly string[];
  readonly sink?: string;
  readonly config?: string;
  readonly from?: number | 'beginning' | 'now';
  readonly schema?: string;
  readonly file?: string;
}

export const declaring = (command: Command): Command =>
  command
    .addOption(appOption().makeOptionMandatory())
    .addOption(scopesOption('whose content, as far as wallets allow it; none behind it: events without content'))
    .addOption(typesOption())
    .option('--sink <sink>', 'where to: docs/sinks.md')
    .option(
      '--config <json>',
      'of the sink: JSON, or @file; a secret is {"secret": "<name>"}, a file of DDC_SECRETS_FOLDER',
    )
    .option('--from <time>', `what is exported first: \`beginning\`, \`now\`, ${TIME_FORMS}`, when('beginning', 'now'))
    .option(
      '--schema <mode>',
      '`typed`: columns by the schema of the type, where there is one; `text`: a text column a scope',
    )
    .option('--file <file>', 'JSON with these members; what is given beside it counts');

/** JSON, or `@file` with JSON in it. */
function jsonOf(text: string, option: string): unknown {
  const source = text.startsWith('@') ? readText(text.slice(1), option) : text;
  try {
    return JSON.parse(source);
  } catch (cause) {
    throw new UsageError(`${option} is not JSON: write it, or @file with it.`, { cause });
  }
}

/** The declaration of a file, with what is given beside it; whether it is one is judged later. @throws UsageError */
export function declarationOf(name: string, { file, config, ...given }: Omit<DeclaringOptions, 'app'>): unknown {
  const base = file === undefined ? {} : jsonOf(`@${file}`, '--file');
  if (typeof base !== 'object' || base === null || Array.isArray(base)) return base;
  const { types, sink, from, schema } = given;
  const said = { scopes: scopesOf(given.scopes), types, sink, from, schema };
  return {
    ...base,
    name,
    ...Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined)),
    ...(config === undefined ? {} : { config: jsonOf(config, '--config') }),
  };
}
