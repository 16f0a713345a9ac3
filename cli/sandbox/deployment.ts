import type { Deployment } from '../census/stores.ts';
import { DEFAULT_PARTITIONS } from '../topics.ts';
import type { Sandbox } from './sandbox.ts';

/** The running sandbox as the census and the demo address it. */
export function deploymentOf({ env, rooms, exportFolder }: Sandbox): Deployment {
  const value = (name: string): string => env[name] ?? '';
  return {
    api: rooms.url('api'),
    network: value('DDC_NETWORK'),
    topicPrefix: value('DDC_TOPIC_PREFIX'),
    partitions: DEFAULT_PARTITIONS,
    kafkaBrokers: value('KAFKA_BROKERS').split(','),
    schemaRegistryUrl: value('SCHEMA_REGISTRY_URL'),
    databaseUrl: value('DATABASE_URL'),
    ipfsApi: value('IPFS_API'),
    chainRpc: value('CHAIN_RPC'),
    kekFile: value('DDC_KEK_FILE'),
    operatorSeedFile: value('DDC_OPERATOR_SEED_FILE'),
    exportFolder,
  };
}
