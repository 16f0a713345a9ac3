import { readFileSync } from 'node:fs';
import { openKubo } from '../../connectors/ipfs/kubo.ts';
import { createKafkaLookup, type KafkaLookup } from '../../connectors/kafka/index.ts';
import { createFileKms } from '../../connectors/kms/file-kms.ts';
import { type Database, openDatabase } from '../../connectors/postgres/database.ts';
import { openVault } from '../../connectors/vault/postgres-vault.ts';
import { processHost } from '../../services/pipeline/host/main.ts';
import type { IpfsCluster } from '../../services/pipeline/ports/ipfs.ts';
import type { Vault } from '../../services/pipeline/ports/vault.ts';

/** The deployment that is counted, by the variables that its rooms run with. */
export interface Deployment {
  /** Base URL of the API. */
  readonly api: string;
  readonly network: string;
  readonly topicPrefix: string;
  readonly partitions: number;
  readonly kafkaBrokers: readonly string[];
  readonly schemaRegistryUrl: string;
  readonly databaseUrl: string;
  readonly ipfsApi: string;
  readonly chainRpc: string;
  readonly kekFile: string;
  readonly operatorSeedFile: string;
  /** Folder of the Parquet export. */
  readonly exportFolder: string;
}

/** Connections to everything that holds a copy of the data, opened for counting and for reading as an owner. */
export interface Stores {
  readonly deployment: Deployment;
  readonly database: Database;
  readonly ipfs: IpfsCluster;
  readonly vault: Vault;
  readonly kafka: KafkaLookup;
  /** Secret URI of the operator. */
  readonly operator: string;
  close(): Promise<void>;
}

const silent = { warn: () => undefined, error: () => undefined };

export async function openStores(deployment: Deployment): Promise<Stores> {
  const database = openDatabase(deployment.databaseUrl, { connections: 4 });
  const ipfs = openKubo({ name: 'cere-mainnet', url: deployment.ipfsApi });
  const kafka = createKafkaLookup({ brokers: [...deployment.kafkaBrokers], clientId: 'ddc-census', log: silent });
  const keks = createFileKms(deployment.kekFile, processHost.clock, processHost.random);
  const vault = openVault({
    db: database,
    keks,
    random: processHost.random,
    clock: processHost.clock,
    calendar: processHost.clock,
  });
  return {
    deployment,
    database,
    ipfs,
    vault,
    kafka,
    operator: readFileSync(deployment.operatorSeedFile, 'utf8').trim(),
    async close() {
      await vault.close();
      await kafka.close();
      await ipfs.close();
      await database.close();
    },
  };
}
