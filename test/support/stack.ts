import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { applyTopics } from '../../cli/topics.ts';
import { fundOperator } from '../../stack/chain/fund.ts';
import { openTestDatabase, type TestDatabase } from './database.ts';

const ADDRESSES = ['KAFKA_BROKERS', 'SCHEMA_REGISTRY_URL', 'DATABASE_URL', 'IPFS_API', 'CHAIN_RPC'] as const;

/** What no other suite touches, on the stack that all suites share. */
export interface Suite {
  /** Prefix of topics and consumer groups. */
  readonly prefix: string;
  /** Created and migrated. */
  readonly database: TestDatabase;
  /** Secret URI of an operator of this suite. */
  readonly operator: string;
  /** Temporary, removed at the end. */
  readonly folder: string;
  /** Environment for rooms of this suite. */
  readonly env: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

export interface SuiteOptions {
  /** Creates the topics with so many partitions; none when absent. */
  readonly partitions?: number;
  /** Funds the operator and so many pots on the chain; not when absent. */
  readonly pots?: number;
}

/** Gives a suite its own corner of the running stack. @throws when the stack's variables are missing */
export async function suite(label: string, options: SuiteOptions = {}): Promise<Suite> {
  const given = Object.fromEntries(ADDRESSES.map((name) => [name, process.env[name] ?? '']));
  const missing = ADDRESSES.filter((name) => !given[name]);
  if (missing.length > 0) {
    throw new Error(`${missing.join(', ')} not set: run \`npm test\`, or export what \`npx ddc stack\` prints.`);
  }
  const id = randomBytes(4).toString('hex');
  const prefix = `${label}-${id}.`;
  const operator = `//DDC//${label}-${id}`;
  const folder = await mkdtemp(join(tmpdir(), `ddc-${label}-`));
  const kek = join(folder, 'kek');
  const seed = join(folder, 'operator');
  await writeFile(kek, `1 ${randomBytes(32).toString('hex')}\n`, { mode: 0o600 });
  await writeFile(seed, `${operator}\n`, { mode: 0o600 });
  const database = await openTestDatabase(label);
  const env = {
    ...given,
    DATABASE_URL: database.url,
    DDC_NETWORK: 'cere-sandbox',
    DDC_TOPIC_PREFIX: prefix,
    DDC_KEK_FILE: kek,
    DDC_OPERATOR_SEED_FILE: seed,
    DDC_HTTP_PORT: '0',
  };
  const close = async (): Promise<void> => {
    await database.close();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const { partitions, pots } = options;
    const brokers = (given.KAFKA_BROKERS ?? '').split(',');
    if (partitions) await applyTopics({ brokers, registryUrl: given.SCHEMA_REGISTRY_URL ?? '', prefix, partitions });
    if (pots !== undefined) await fundOperator(given.CHAIN_RPC ?? '', operator, pots);
  } catch (error) {
    await close();
    throw error;
  }
  return { prefix, database, operator, folder, env, close };
}
