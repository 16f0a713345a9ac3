import { type Deployment, openStores, type Stores } from '../../cli/census/stores.ts';
import { sandboxCast } from '../../cli/demo/cast.ts';
import { deploymentOf } from '../../cli/sandbox/deployment.ts';
import { type Sandbox, startSandbox } from '../../cli/sandbox/sandbox.ts';
import { auditCharges } from '../../connectors/chain/audit.ts';
import { openRegistry } from '../../connectors/registry/index.ts';
import { ready } from '../../protocol/index.ts';
import type { Account } from '../../sdk/js/index.ts';
import type { Codec } from '../../services/pipeline/ports/codec.ts';
import type { Stack } from '../../stack/stack.ts';
import type { Topic } from '../../topics/define-topic.ts';
import { type Suite, suite } from '../support/stack.ts';

/** Rooms of one run of faults, with topics, database, operator and export of their own, and what is known of them so far. */
export interface World {
  readonly label: string;
  readonly sandbox: Sandbox;
  readonly deployment: Deployment;
  readonly database: Suite['database'];
  readonly app: Account;
  /** Finalized block before anything was charged. */
  readonly chainFrom: number;
  /** Batches (hex) that earlier flows were judged for. */
  readonly judged: Set<string>;
  /** Segments (hex CIDs) of the pins that were looked at so far, by the hex CID of the pin. */
  readonly pinned: Map<string, readonly string[]>;
  /** Where the rooms' logs are. */
  readonly logs: string;
  codec<T>(topic: Topic<T>): Promise<Codec<T>>;
  /** Connections for counting. Opened anew for each count, because parts are killed in between. */
  stores(): Promise<Stores>;
  close(): Promise<void>;
}

/** A round is short, so that every flow sees many of them. */
const ROUND_SECONDS = '4';

export interface WorldOptions {
  readonly label: string;
  /** Its parts are shared, its addresses stand in the environment. */
  readonly stack: Stack;
  /** Holds the logs and the export. */
  readonly folder: string;
  /** Further environment of every room. */
  readonly env?: Readonly<Record<string, string>>;
}

export async function openWorld({ label, stack, folder, env = {} }: WorldOptions): Promise<World> {
  await ready();
  const own = await suite(`faults-${label}`, { pots: 1 });
  try {
    const { DDC_HTTP_PORT: _, ...given } = own.env;
    const sandbox = await startSandbox({
      folder,
      stack,
      env: { ...given, DDC_ROUND_SECONDS: ROUND_SECONDS, ...env },
    });
    const deployment = deploymentOf(sandbox);
    const { app } = await sandboxCast();
    const { head } = await auditCharges({ endpoint: deployment.chainRpc, operator: own.operator, from: 'head' });
    return {
      label,
      sandbox,
      deployment,
      database: own.database,
      app,
      chainFrom: head.number,
      judged: new Set(),
      pinned: new Map(),
      logs: `${folder}/logs`,
      async codec(topic) {
        const registry = await openRegistry({ url: deployment.schemaRegistryUrl });
        return registry.for({ ...topic, name: `${deployment.topicPrefix}${topic.name}` });
      },
      stores: () => openStores(deployment),
      async close() {
        await sandbox.stop();
        await own.close();
      },
    };
  } catch (error) {
    await own.close();
    throw error;
  }
}
