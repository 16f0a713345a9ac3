import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { allowExports } from '../../cli/demo/allow.ts';
import { withExports } from '../../cli/exports/edges.ts';
import { createApps } from '../../connectors/postgres/apps.ts';
import { toHex } from '../../protocol/index.ts';
import { DdcClient } from '../../sdk/js/index.ts';
import type { TargetOf } from '../../services/pipeline/define-sink.ts';
import { viewExports } from '../../services/pipeline/exports/view.ts';
import { bearer, call } from '../support/call-api.ts';
import { eventually } from '../support/room-process.ts';
import { type SuiteSandbox, suiteSandbox } from '../support/sandbox.ts';
import { createSource, type Source } from './source.ts';
import { addByCommand, addHere, declare, type FlowExport } from './targets.ts';
import { FLOW_SCOPES, FLOW_TYPES } from './types.ts';

export interface FlowPlan {
  readonly apps: number;
  readonly walletsOfEach: number;
  /** Sinks that each app exports to. */
  readonly sinks: readonly (readonly string[])[];
  readonly target: TargetOf;
  /** Whether each export is declared by a command, or by what the command does. */
  readonly declareBy: 'command' | 'function';
  /** Longest wait for whatever is waited for. Milliseconds. */
  readonly patienceMs: number;
  readonly say: (line: string) => void;
}

/** A deployment with apps, wallets that allow them to read, schemas, and exports that are declared and at work. */
export interface FlowWorld {
  readonly it: SuiteSandbox;
  readonly source: Source;
  readonly exports: readonly FlowExport[];
  /** For commands. */
  readonly env: Readonly<Record<string, string>>;
  clientOf(app: string): DdcClient;
  /** Every export has delivered all that was accepted. */
  drained(): Promise<void>;
  close(): Promise<void>;
}

/** At a time, where each is a process. */
const AT_ONCE = 4;

export async function openWorld(plan: FlowPlan): Promise<FlowWorld> {
  const { apps, walletsOfEach, sinks, target, declareBy, patienceMs, say } = plan;
  const own = { DDC_PRIVATE_TARGETS: '127.0.0.1' };
  const it = await suiteSandbox('flow', { rooms: ['api', 'encryptor', 'pinner', 'indexer'], env: own });
  const closing: (() => unknown)[] = [() => it.close()];
  const close = async () => {
    for (const one of closing.splice(0).reverse()) await one();
  };
  try {
    const folder = join(it.suite.folder, 'flow');
    const secretsFolder = join(folder, 'secrets');
    await mkdir(secretsFolder, { recursive: true });
    const { network, api } = it.deployment;
    const source = await createSource(network, apps, walletsOfEach);
    const register = createApps(it.stores.database);
    for (const { publicKey } of source.apps) await register.add({ app: publicKey, tier: 'free', open: true });
    const clients = new Map(
      source.apps.map(({ publicKey: app }) => [toHex(app), new DdcClient({ endpoint: api, network, app })]),
    );
    closing.push(() => {
      for (const client of clients.values()) client.close();
    });
    for (const [app, client] of clients) {
      const mine = source.wallets.filter((wallet) => wallet.app === app);
      await allowExports(
        client,
        mine.map(({ account }) => ({ wallet: account, scopes: FLOW_SCOPES })),
      );
    }
    for (const account of source.apps) await registerSchemas(api, account);
    say(`${source.wallets.length} wallets of ${apps} apps have allowed exports, ${FLOW_TYPES.length} schemas each`);

    const env = { ...it.sandbox.env, ...own, DDC_SECRETS_FOLDER: secretsFolder };
    Object.assign(process.env, env);
    const add = declareBy === 'command' ? addByCommand(env) : addHere;
    const edges = { folder, secretsFolder, target, add };
    const tag = it.suite.prefix.replace(/[^a-z0-9]/g, '');
    const wanted = sinks.flatMap((those, a) => those.map((sink) => ({ sink, a })));
    const exports: FlowExport[] = [];
    const lane = async () => {
      for (let next = wanted.shift(); next; next = wanted.shift()) {
        const app = toHex(source.apps[next.a]?.publicKey ?? new Uint8Array());
        const one = await declare(edges, `${tag}-${next.a}-${next.sink}`, app, next.sink);
        exports.push(one);
        closing.push(() => one.close());
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
    say(`${exports.length} exports are declared`);
    await it.sandbox.rooms.start('exports', { DDC_SECRETS_FOLDER: secretsFolder });
    await it.sandbox.rooms.ready('exports');

    return {
      ...{ it, source, exports, env, close },
      clientOf(app) {
        const client = clients.get(app);
        if (!client) throw new Error(`${app} is no app of this flow`);
        return client;
      },
      async drained() {
        await withExports(({ exports: declared, view }) =>
          eventually(
            'every export has delivered everything',
            async () => {
              const views = await viewExports(view, await declared.list());
              const isBehind = ({ lag, partitions }: (typeof views)[number]) =>
                lag.batches > 0 || partitions.every(({ at }) => at === null);
              return views.some(isBehind) ? null : true;
            },
            patienceMs,
          ),
        );
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** By the app itself. */
async function registerSchemas(api: string, account: Source['apps'][number]): Promise<void> {
  const app = account.publicKey;
  const headers = bearer({ keyPair: account, app, by: 'app', operations: ['schemas.write'] });
  for (const { name: type, schema } of FLOW_TYPES) {
    const answer = await call(`${api}/v1/apps/${toHex(app)}/schemas`, { headers, body: { type, schema } });
    if (answer.status !== 201) throw new Error(`${type}: ${JSON.stringify(answer.body)}`);
  }
}
