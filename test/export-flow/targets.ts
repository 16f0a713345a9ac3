import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withExports } from '../../cli/exports/edges.ts';
import { webhookTrial } from '../../connectors/sinks/webhook/trial.ts';
import type { SinkTrial, TargetOf } from '../../services/pipeline/define-sink.ts';
import { declareExport, judgeDeclaration } from '../../services/pipeline/exports/declare.ts';
import { ddc } from '../support/sandbox.ts';
import type { Output } from './readers/reader.ts';
import { FLOW_SCOPES, FLOW_TYPES } from './types.ts';

/** An export as it was declared, and where its output is. */
export interface FlowExport {
  readonly name: string;
  /** Hex. */
  readonly app: string;
  readonly output: Output;
}

interface Made {
  readonly config: Readonly<Record<string, unknown>>;
  /** Fields of it that stand in files of `DDC_SECRETS_FOLDER`. */
  readonly secrets?: readonly string[];
  readonly receiver?: SinkTrial;
}

type Make = (place: { readonly name: string; readonly folder: string; readonly target: TargetOf }) => Promise<Made>;

/** A place of its own in the target of each sink. */
const PLACES: Readonly<Record<string, Make>> = {
  parquet: async ({ folder }) => ({ config: { folder, smallFiles: 6 } }),
  ndjson: async ({ folder }) => ({ config: { folder } }),
  async 's3-parquet'({ name, folder, target }) {
    const { origin: endpoint, username, password, pathname } = new URL(await target('s3'));
    const keys = { accessKeyId: username, secretAccessKey: password };
    const config = {
      target: `s3:/${pathname}/${name}`,
      endpoint,
      ...keys,
      scratch: join(folder, 'way'),
      smallFiles: 6,
    };
    return { config, secrets: ['secretAccessKey'] };
  },
  opensearch: async ({ name, target }) => ({
    config: { node: await target('opensearch'), index: name, replicas: 0 },
  }),
  kafka: async ({ name, target }) => ({
    config: {
      brokers: (await target('kafka')).split(','),
      registry: await target('registry'),
      prefix: name,
      copies: 1,
    },
  }),
  postgres: async ({ name, target }) => ({
    config: { url: await target('postgres'), schema: name.replaceAll('-', '_'), tls: 'off' },
    secrets: ['url'],
  }),
  async webhook({ folder }) {
    const receiver = await webhookTrial(folder);
    return { config: receiver.config as Made['config'], secrets: ['secret'], receiver };
  },
};

export interface DeclareEdges {
  /** Empty, of this flow. */
  readonly folder: string;
  readonly secretsFolder: string;
  readonly target: TargetOf;
  /** What an operator says, as JSON. */
  readonly add: (name: string, app: string, said: Readonly<Record<string, unknown>>) => Promise<void>;
}

/** By the command, as an operator does. */
export const addByCommand =
  (env: Readonly<Record<string, string>>): DeclareEdges['add'] =>
  async (name, app, { scopes, sink, config }) => {
    const said = ['--scopes', ...(scopes as string[]), '--sink', String(sink), '--config', JSON.stringify(config)];
    const { code, stderr } = await ddc(['exports', 'add', name, '--app', app, ...said], env);
    if (code !== 0) throw new Error(`ddc exports add ${name}: ${stderr}`);
  };

/** By what the command does, without a process for each. */
export const addHere: DeclareEdges['add'] = (name, app, said) =>
  withExports(async ({ declare: edges }) => {
    await declareExport(edges, await judgeDeclaration(edges, app, { name, ...said }, 'operator'), 'running');
  });

/** Gives an export its place, and declares it. */
export async function declare(
  { folder, secretsFolder, target, add }: DeclareEdges,
  name: string,
  app: string,
  sink: string,
): Promise<FlowExport & { close(): Promise<void> }> {
  const make = PLACES[sink];
  if (!make) throw new Error(`nobody here knows where ${sink} could write to`);
  const mine = join(folder, name);
  await mkdir(mine, { recursive: true });
  const { config, secrets = [], receiver } = await make({ name, folder: mine, target });
  const declared: Record<string, unknown> = { ...config };
  for (const field of secrets) {
    const secret = `${name}-${field.toLowerCase()}`;
    await writeFile(join(secretsFolder, secret), String(config[field]), { mode: 0o600 });
    declared[field] = { secret };
  }
  await add(name, app, { scopes: FLOW_SCOPES, sink, config: declared });
  const tables = FLOW_TYPES.map(({ table }) => table);
  return {
    ...{ name, app },
    output: {
      ...{ sink, config, scratch: join(folder, `read-${name}`) },
      ...(receiver ? { received: () => receiver.rows(tables) } : {}),
    },
    close: async () => receiver?.close?.(),
  };
}
