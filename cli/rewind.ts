import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { groupMembers } from '../connectors/kafka/group-members.ts';
import { createKafkaLookup, type KafkaLookup } from '../connectors/kafka/index.ts';
import { type Database, openDatabase } from '../connectors/postgres/database.ts';
import { REWOUND_STAGES, resetReaders } from '../connectors/postgres/index-reset.ts';
import { BOOKS } from '../connectors/sinks/folder/layout.ts';
import { tablesIn } from '../connectors/sinks/folder/walk.ts';
import { batchesPinned } from '../topics/batches-pinned.ts';
import { withPrefix } from '../topics/define-topic.ts';
import { UsageError } from './crypto/outcome.ts';
import { needed } from './needed.ts';

/** A rewind that would run beside the rooms that it sets back. */
export class RoomsRunning extends Error {
  readonly code = 'rooms_running';
  constructor(groups: readonly string[]) {
    super(`Stop these first, a rewind sets them back: ${groups.join(', ')}.`);
    this.name = 'RoomsRunning';
  }
}

/** A log that readers could not read from its beginning. */
export class PinnedTrimmed extends Error {
  readonly code = 'pinned_trimmed';
  constructor(places: readonly string[]) {
    super(
      `Nothing was dropped: \`pinned\` does not begin at 0 any more (${places.join(', ')}), so a rewind would lose what stood before. Keep index and exports, or restore the database from a backup.`,
    );
    this.name = 'PinnedTrimmed';
  }
}

export interface RewindRequest {
  readonly db: Database;
  /** Prefix of topics and consumer groups. */
  readonly prefix: string;
  /** Exports that write to folders: their output goes with their positions. */
  readonly exports: readonly { readonly name: string; readonly folder: string }[];
  /** How many members a consumer group has now. */
  members(group: string): Promise<number>;
  /** The first offset that each partition of `pinned` still holds. */
  firstOffsets(): Promise<readonly number[]>;
}

/** Consumer group of a reader of `pinned`, prefix aside. An export's is `export-<name>`. */
export const groupOf = (prefix: string, reader: string) => `${prefix}${reader}`;

/**
 * Makes ready for reading `pinned` from 0: the index, the rows of indexer and settler, and the given exports are dropped.
 * @throws RoomsRunning while any of those rooms is a member of its group; PinnedTrimmed when retention has reached `pinned`
 */
export async function prepareRewind(request: RewindRequest): Promise<void> {
  const { db, prefix, exports, members, firstOffsets } = request;
  const groups = [...REWOUND_STAGES, ...exports.map(({ name }) => `export-${name}`)].map((reader) =>
    groupOf(prefix, reader),
  );
  const running: string[] = [];
  for (const group of groups) if ((await members(group)) > 0) running.push(group);
  if (running.length > 0) throw new RoomsRunning(running);
  const trimmed = (await firstOffsets()).flatMap((first, n) => (first > 0 ? [`partition ${n} at ${first}`] : []));
  if (trimmed.length > 0) throw new PinnedTrimmed(trimmed);
  for (const { folder } of exports) await emptyExport(folder);
  await resetReaders(db);
}

/** Deletes what a folder sink wrote, and nothing else that stands beside it. A half deleted folder belongs to no log, so no export starts on it. */
async function emptyExport(folder: string): Promise<void> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  if (!names.includes(BOOKS)) return;
  await writeFile(join(folder, BOOKS, 'log'), 'a rewind that was not finished');
  for (const table of await tablesIn(folder)) {
    for (const app of await readdir(table))
      if (app.startsWith('app=')) await rm(join(table, app), { recursive: true, force: true });
  }
  await rm(join(folder, BOOKS), { recursive: true, force: true });
}

/** First offsets of a topic, by partition. */
export async function firstOffsetsOf(lookup: KafkaLookup, topic: string): Promise<number[]> {
  const partitions = await lookup.partitions(topic);
  return Promise.all(Array.from({ length: partitions }, (_, partition) => lookup.firstOffset(topic, partition)));
}

interface RewindOptions {
  readonly export?: readonly string[];
}

/** NAME=FOLDER of each `--export`. */
function parseExport(text: string): { name: string; folder: string } {
  const at = text.indexOf('=');
  if (at < 1 || at === text.length - 1)
    throw new UsageError(`--export ${text}: write the export's name and folder as NAME=FOLDER.`);
  return { name: text.slice(0, at), folder: text.slice(at + 1) };
}

async function run(options: RewindOptions): Promise<void> {
  const { DDC_TOPIC_PREFIX = '' } = process.env;
  const { DATABASE_URL, KAFKA_BROKERS } = needed('DATABASE_URL', 'KAFKA_BROKERS');
  const warn = (_fields: object, message: string) => void process.stderr.write(`kafka: ${message}\n`);
  const kafka = { brokers: KAFKA_BROKERS.split(','), clientId: 'ddc-rewind', log: { warn, error: warn } };
  const db = openDatabase(DATABASE_URL, { connections: 1 });
  const lookup = createKafkaLookup(kafka);
  try {
    await prepareRewind({
      db,
      prefix: DDC_TOPIC_PREFIX,
      exports: (options.export ?? []).map(parseExport),
      members: (group) => groupMembers(kafka, group),
      firstOffsets: () => firstOffsetsOf(lookup, withPrefix(DDC_TOPIC_PREFIX, batchesPinned).name),
    });
    process.stdout.write('The index is dropped. Start the rooms: they read `pinned` from 0.\n');
  } finally {
    await Promise.all([lookup.close(), db.close()]);
  }
}

export const command = (): Command =>
  new Command('rewind')
    .description(
      'drop the index, the rows of indexer and settler, and exports, so that their rooms read the log from 0',
    )
    .option('--export <name=folder...>', 'an export whose folder is dropped as well')
    .action(run);
