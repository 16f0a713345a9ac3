import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { Command } from 'commander';
import {
  createKafkaLookup,
  createKafkaWriter,
  type Drift,
  type KafkaLog,
  KafkaTopics,
  readLogId,
  writeLogId,
} from '../connectors/kafka/index.ts';
import { createRegistryCodecs } from '../connectors/registry/index.ts';
import { FatalError, RetriableError } from '../services/pipeline/errors.ts';
import { withPrefix } from '../topics/define-topic.ts';
import { batchTopics, topics } from '../topics/index.ts';
import { log as logTopic } from '../topics/log.ts';
import { needed } from './needed.ts';
import { wholeNumber } from './whole-number.ts';

export interface TopicsCommand {
  readonly brokers: readonly string[];
  /** Base of the registry's Confluent API. */
  readonly registryUrl: string;
  /** Prepended to every topic name. */
  readonly prefix: string;
  /** Partitions of the topics that are per wallet. */
  readonly partitions: number;
  /** Also set settings that drifted back to what is declared. Partitions and replication are never changed. */
  readonly reset?: boolean;
}

export interface AppliedTopics {
  readonly created: readonly string[];
  /** 16 bytes. */
  readonly logId: Uint8Array;
  /** What still differs. */
  readonly drift: readonly Drift[];
}

export const DEFAULT_PARTITIONS = 4;

/** kafkajs names the request in the message and what went wrong in a field. */
const tell = (fields: { readonly error?: unknown }, message: string): void =>
  void process.stderr.write(`kafka: ${message}${typeof fields.error === 'string' ? `: ${fields.error}` : ''}\n`);
const stderr: KafkaLog = { warn: tell, error: tell };

function kafkaTopics(options: TopicsCommand): KafkaTopics {
  const { brokers, prefix, partitions } = options;
  return new KafkaTopics({ brokers, clientId: 'ddc-topics', log: stderr }, { topics, prefix, partitions });
}

/** A broker that has just made a topic may not know it everywhere for a while. */
const APPLY_WITHIN_MS = 20_000;
const APPLY_AGAIN_MS = 300;

/**
 * `ddc topics apply`: creates the topics that are missing, registers their schemas, and gives a new log its id. May run again at any
 * time, also after it was cut short; what fails for now is tried again for 20 s.
 * @throws FatalError `log_broken` when batch topics are missing although their log already has an id; RetriableError when Kafka or the
 * registry stays away
 */
export async function applyTopics(options: TopicsCommand): Promise<AppliedTopics> {
  const deadline = performance.now() + APPLY_WITHIN_MS;
  const created: string[] = [];
  for (;;) {
    try {
      return await applyOnce(options, created);
    } catch (error) {
      if (!(error instanceof RetriableError) || performance.now() > deadline) throw error;
      await wait(APPLY_AGAIN_MS);
    }
  }
}

/** @param created takes the names of topics as they are made, over all attempts */
async function applyOnce(options: TopicsCommand, created: string[]): Promise<AppliedTopics> {
  const { brokers, registryUrl, prefix, reset = false } = options;
  const kafka = { brokers, clientId: 'ddc-topics', log: stderr };
  const admin = kafkaTopics(options);
  const lookup = createKafkaLookup(kafka);
  const writer = createKafkaWriter(kafka);
  const ids = withPrefix(prefix, logTopic);
  const logName = ids.name;
  try {
    const before = await admin.drift();
    const missing = new Set(before.filter((entry) => entry.what === 'missing').map((entry) => entry.topic));
    const hasId = !missing.has(logName) && (await lookup.endOffset(logName, 0)) > 0;
    const gone = batchTopics.map((topic) => withPrefix(prefix, topic).name).filter((name) => missing.has(name));
    if (hasId && gone.length > 0) {
      throw new FatalError(
        'log_broken',
        `${gone.join(', ')} missing, but ${logName} says that the log exists: offsets in the database would mean other records. ` +
          `To begin a new log, delete the batch topics and ${logName}, and start from an empty database.`,
      );
    }
    // `ddc.log` comes last: where it has a record, the batch topics have been there.
    created.push(...(await admin.create(topics.filter((topic) => topic !== logTopic))));
    created.push(...(await admin.create([logTopic])));
    if (reset)
      await admin.resetSettings(before.filter((entry) => entry.what.includes('.')).map((entry) => entry.topic));

    const codecs = createRegistryCodecs({ url: registryUrl });
    for (const topic of topics) await codecs.for(withPrefix(prefix, topic));
    const codec = await codecs.for(ids);
    if ((await lookup.endOffset(logName, 0)) === 0) await writeLogId(writer, codec, logName, randomBytes(16));
    return { created, logId: await readLogId(lookup, codec, logName), drift: await admin.drift() };
  } finally {
    await Promise.all([lookup.close(), writer.close()]);
  }
}

/** `ddc topics drift`: where Kafka differs from `topics/`; changes nothing. */
export function topicsDrift(options: Omit<TopicsCommand, 'registryUrl'>): Promise<Drift[]> {
  return kafkaTopics({ ...options, registryUrl: '' }).drift();
}

interface Flags {
  readonly partitions: number;
  readonly prefix?: string;
  readonly reset?: boolean;
}

function optionsOf({ partitions, prefix, reset = false }: Flags, needsRegistry: boolean): TopicsCommand {
  const { SCHEMA_REGISTRY_URL = '', DDC_TOPIC_PREFIX = '' } = process.env;
  const { KAFKA_BROKERS } = needsRegistry ? needed('KAFKA_BROKERS', 'SCHEMA_REGISTRY_URL') : needed('KAFKA_BROKERS');
  const brokers = KAFKA_BROKERS.split(',');
  return { brokers, registryUrl: SCHEMA_REGISTRY_URL, prefix: prefix ?? DDC_TOPIC_PREFIX, partitions, reset };
}

const line = ({ topic, what, wanted, found }: Drift) => `${topic}: ${what} is ${found}, declared ${wanted}\n`;

/** `ddc topics`. */
export function command(): Command {
  const flags = (sub: Command) =>
    sub
      .option(
        '--partitions <n>',
        'partitions of the topics that are per wallet; fixed for the life of a log',
        wholeNumber(1),
        DEFAULT_PARTITIONS,
      )
      .option('--prefix <text>', 'prepended to every topic name (default: DDC_TOPIC_PREFIX)');
  const apply = flags(new Command('apply').description('create missing topics, register schemas, name a new log'))
    .option('--reset', 'set settings that drifted back to what is declared')
    .action(async (given: Flags) => {
      const { created, logId, drift } = await applyTopics(optionsOf(given, true));
      process.stdout.write(
        `${created.map((name) => `created ${name}\n`).join('')}log ${Buffer.from(logId).toString('hex')}\n`,
      );
      // Told, not a failure: an operator may have raised a retention, and what waits for the topics must go on.
      process.stdout.write(drift.map(line).join(''));
    });
  const drift = flags(
    new Command('drift').description(
      'compare topics with what is declared, change nothing; exit code 1 when they differ',
    ),
  ).action(async (given: Flags) => {
    const found = await topicsDrift(optionsOf(given, false));
    process.stdout.write(found.map(line).join('') || 'no drift\n');
    if (found.length > 0) process.exitCode = 1;
  });
  return new Command('topics').description('topics and schemas in Kafka').addCommand(apply).addCommand(drift);
}
