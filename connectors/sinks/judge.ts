import { z } from 'zod';
import type { SinkSpec } from '../../services/pipeline/define-sink.ts';
import type { JudgeSink } from '../../services/pipeline/exports/declare.ts';
import type { DeclarationProblem } from '../../services/pipeline/exports/problem.ts';
import { isSecretReference, secretsIn, withSecrets } from '../../services/pipeline/secret-references.ts';

/**
 * Judges for every sink that may be named: those that are always there, and those of `DDC_SINKS`. Their own libraries are loaded only once
 * something is judged. What it gives throws FatalError `bad_sink_file`, `sink_name_taken`
 * @param files of `DDC_SINKS`
 */
export function judgeSinks(files: readonly string[]): JudgeSink {
  let known: Promise<readonly SinkSpec[]> | null = null;
  return async (sink, config) => {
    known ??= import('./index.ts').then(({ sinksWith }) => sinksWith(files));
    return judgeSinkConfig(await known, sink, config);
  };
}

/** Names of fields whose content is one, whatever the sink says of them. */
const SECRET_FIELD = /pass(word|phrase)|secret|token|credential|private_?key|api_?key/i;

/**
 * What a sink says of a configuration, by its own schema. What stands behind a reference is not known here: whether it fits is told when the
 * export starts.
 */
export function judgeSinkConfig(
  sinks: readonly SinkSpec[],
  name: string,
  config: Readonly<Record<string, unknown>>,
): DeclarationProblem[] {
  const sink = sinks.find((one) => one.name === name);
  if (!sink) {
    const known = sinks.map((one) => one.name).join(', ');
    const message = `there is no sink ${JSON.stringify(name)}; there are ${known}, and others once DDC_SINKS names their files`;
    return [{ code: 'unknown_sink', path: 'sink', message }];
  }
  const referred = new Set(secretsIn(config).map(({ path }) => path.join('.')));
  const parsed = sink.config.safeParse(withSecrets(config, () => 'behind a reference'));
  const issues = (parsed.success ? [] : parsed.error.issues).flatMap((issue): DeclarationProblem[] => {
    const path = issue.path.map(String);
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => ({
        code: 'sink_config',
        path: ['config', ...path, key].join('.'),
        message: `the sink ${name} has no field ${key}`,
      }));
    if (referred.has(path.join('.'))) return [];
    return [{ code: 'sink_config', path: ['config', ...path].join('.'), message: issue.message }];
  });
  return [...issues, ...inClear(config, secretFields(sink))];
}

/** Paths of the fields that the sink calls secret. */
function secretFields(sink: SinkSpec): ReadonlySet<string> {
  const found = new Set<string>();
  const look = (schema: unknown, path: readonly string[]): void => {
    if (typeof schema !== 'object' || schema === null) return;
    if ('secret' in schema && schema.secret === true) found.add(path.join('.'));
    for (const one of 'anyOf' in schema && Array.isArray(schema.anyOf) ? schema.anyOf : []) look(one, path);
    if (!('properties' in schema) || typeof schema.properties !== 'object' || schema.properties === null) return;
    for (const [member, inner] of Object.entries(schema.properties)) look(inner, [...path, member]);
  };
  look(z.toJSONSchema(sink.config, { io: 'input', unrepresentable: 'any' }), []);
  return found;
}

function inClear(config: unknown, secret: ReadonlySet<string>, path: readonly string[] = []): DeclarationProblem[] {
  const field = path.at(-1) ?? '';
  if (typeof config === 'string') {
    const isSecret = secret.has(path.join('.')) || SECRET_FIELD.test(field) || hasPassword(config);
    if (!isSecret) return [];
    const message = `put it into a file of DDC_SECRETS_FOLDER and name that: {"secret": "<name>"}`;
    return [{ code: 'secret_in_clear', path: ['config', ...path].join('.'), message }];
  }
  if (typeof config !== 'object' || config === null || isSecretReference(config)) return [];
  return Object.entries(config).flatMap(([member, inner]) => inClear(inner, secret, [...path, member]));
}

const hasPassword = (text: string): boolean => URL.canParse(text) && new URL(text).password !== '';
