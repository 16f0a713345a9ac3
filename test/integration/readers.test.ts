import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { firstOffsetsOf, PinnedTrimmed, prepareRewind, RoomsRunning } from '../../cli/rewind.ts';
import { groupMembers } from '../../connectors/kafka/group-members.ts';
import { createKafkaLookup, createKafkaWriter } from '../../connectors/kafka/index.ts';
import { parseKeks } from '../../connectors/kms/kek-list.ts';
import { dumpIndex } from '../../connectors/postgres/index-dump.ts';
import { putErasure } from '../../connectors/postgres/removals.ts';
import { createRequests } from '../../connectors/postgres/requests.ts';
import { createRegistryCodecs } from '../../connectors/registry/index.ts';
import parquet from '../../connectors/sinks/parquet.ts';
import { createFreshRoot } from '../../connectors/vault/fresh-root.ts';
import { openVault } from '../../connectors/vault/postgres-vault.ts';
import { ready } from '../../protocol/index.ts';
import type { Pinned } from '../../schemas/index.ts';
import type { LogWriter } from '../../services/pipeline/ports/log.ts';
import type { ExportRow } from '../../services/pipeline/ports/sink.ts';
import { batchesPinned } from '../../topics/batches-pinned.ts';
import { log as logTopic } from '../../topics/log.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { kafkaOptions, rawKafka, uniqueName } from '../support/kafka.ts';
import { batchMaker, SCOPES, TABLE, voidOf } from '../support/pinned-batches.ts';
import { eventually, type RoomProcess, startRoom } from '../support/room-process.ts';
import { seen, shown } from '../support/seen-rows.ts';
import { targetOf } from '../support/targets.ts';

const PARTITIONS = 2;
const KEK = `1 ${'cd'.repeat(32)}`;

describe('indexer and exporter on real Kafka, registry and PostgreSQL', () => {
  const prefix = `${uniqueName('readers')}-`;
  const named = (name: string) => `${prefix}${name}`;
  let db: TestDatabase;
  let scratch: string;
  let writer: LogWriter;
  let send: (partition: number, records: Pinned[]) => Promise<void>;
  let make: ReturnType<typeof batchMaker>;
  const rooms: RoomProcess[] = [];
  const expected: ExportRow[] = [];
  const ends = [0, 0];
  const folder = () => join(scratch, 'export');

  function start(room: 'indexer' | 'exporter', extra: Record<string, string> = {}): RoomProcess {
    const plan = { name: 'test', app: make.app, scopes: SCOPES, sink: 'parquet', config: { folder: folder() } };
    const started = startRoom(room, {
      DATABASE_URL: db.url,
      DDC_TOPIC_PREFIX: prefix,
      DDC_KEK_FILE: join(scratch, 'kek'),
      DDC_EXPORT: JSON.stringify(plan),
      ...extra,
    });
    rooms.push(started);
    return started;
  }

  const exported = async () => seen(await (await parquet.trial(folder(), targetOf)).rows([TABLE]));
  const indexed = async () => (await db.kysely.selectFrom('batches').select('origin').execute()).length;
  const dump = async () => {
    let lines = '';
    for await (const line of dumpIndex(db)) lines += line;
    return lines;
  };

  const caughtUp = () =>
    eventually('both readers caught up', async () => {
      const rows = await db.kysely.selectFrom('positions').selectAll().where('stage', '=', 'indexer').execute();
      const isIndexed = rows.length === PARTITIONS && rows.every((row) => row.mark === (ends[row.partition] ?? 0) - 1);
      return isIndexed && (await exported()).length >= expected.length ? true : null;
    });

  /** Makes batches and sends them to the partitions in turn, a void after every third. */
  async function feed(batches: number, count: number): Promise<void> {
    const perPartition: Pinned[][] = [[], []];
    const next = [...ends];
    for (let i = 0; i < batches; i += 1) {
      const partition = i % PARTITIONS;
      const made = await make.make(make.newWallet(), count);
      const origin = next[partition] ?? 0;
      expected.push(...made.rows.map((row) => ({ ...row, origin, partition })));
      const records = i % 3 === 2 ? [made.pinned, voidOf(made.pinned, 'duplicate')] : [made.pinned];
      perPartition[partition]?.push(...records);
      next[partition] = origin + records.length;
    }
    for (const [partition, records] of perPartition.entries()) await send(partition, records);
  }

  beforeAll(async () => {
    await ready();
    db = await openTestDatabase('readers');
    scratch = await mkdtemp(join(tmpdir(), 'ddc-readers-'));
    await writeFile(join(scratch, 'kek'), KEK);
    const admin = rawKafka().admin();
    await admin.connect();
    const numPartitions = PARTITIONS;
    await admin.createTopics({
      waitForLeaders: true,
      topics: [
        { topic: named('ddc.batches.received'), numPartitions },
        { topic: named(batchesPinned.name), numPartitions },
        { topic: named(logTopic.name), numPartitions: 1 },
      ],
    });
    await admin.disconnect();
    writer = createKafkaWriter(kafkaOptions());
    const codecs = createRegistryCodecs({ url: process.env.SCHEMA_REGISTRY_URL ?? '' });
    const ids = await codecs.for({ name: named(logTopic.name), schema: logTopic.schema });
    const id = new Uint8Array(randomBytes(16));
    await writer.send(named(logTopic.name), 0, [{ key: new Uint8Array(1), value: ids.encode({ id }) }]);
    const codec = await codecs.for({ name: named(batchesPinned.name), schema: batchesPinned.schema });
    send = async (partition, records) => {
      const first = ends[partition] ?? 0;
      const key = new Uint8Array(32);
      await writer.send(
        named('ddc.batches.received'),
        partition,
        records.map(() => ({ key, value: key })),
      );
      await writer.send(
        named(batchesPinned.name),
        partition,
        records.map((record, i) => ({ key, value: codec.encode(record), headers: { origin: String(first + i) } })),
      );
      ends[partition] = first + records.length;
    };
    const random = { bytes: (length: number) => new Uint8Array(randomBytes(length)) };
    const clock = { now: () => Date.now() };
    const keks = parseKeks(KEK);
    const requests = createRequests(db, createFreshRoot(keks, random));
    const vault = openVault({ db, keks, random, clock, calendar: clock });
    make = batchMaker(vault, requests, { algorithm: 'sr25519' });
  }, 180_000);

  afterAll(async () => {
    for (const room of rooms) await room.kill();
    await writer.close();
    await db.close();
    await rm(scratch, { recursive: true, force: true });
  });

  it('index and export exactly what was pinned', async () => {
    start('indexer');
    start('exporter');
    await feed(30, 5);
    await caughtUp();
    expect(await exported()).toEqual(shown(expected));
    expect(await indexed()).toBe(30);
  }, 180_000);

  it('lose and double nothing when they are killed before they know that their row was written', async () => {
    for (const room of rooms.splice(0)) await room.kill();
    const crash = { DDC_FAULTS: JSON.stringify({ killAt: 'after-row', after: 1 }) };
    const dying = [start('indexer', crash), start('exporter', crash)];
    await feed(20, 5);
    await Promise.all(dying.map((room) => room.ended()));
    start('indexer');
    start('exporter');
    await caughtUp();
    expect(await exported()).toEqual(shown(expected));
    expect(await indexed()).toBe(50);
  }, 180_000);

  it('forget an erased owner', async () => {
    const gone = expected[0];
    if (!gone) throw new Error('nothing was exported');
    const owner = { app: Buffer.from(gone.app, 'hex'), wallet: Buffer.from(gone.wallet, 'hex') };
    const fence = ends[gone.partition] ?? 0;
    await putErasure(db.kysely, randomBytes(16), { ...owner, issuedAt: Date.now(), fence, rootVersions: [1] });
    const left = expected.filter((row) => row.wallet !== gone.wallet);
    await eventually('the rows are gone', async () =>
      (await exported()).length === left.length && (await indexed()) === 49 ? true : null,
    );
    expected.splice(0, expected.length, ...left);
    expect(await exported()).toEqual(shown(expected));
  }, 180_000);

  it('are rebuilt from the log as they were', async () => {
    const before = { index: await dump(), rows: await exported() };
    const exports = [{ name: 'test', folder: folder() }];
    const lookup = createKafkaLookup(kafkaOptions());
    const members = (group: string) => groupMembers(kafkaOptions(), group);
    const rewind = () =>
      prepareRewind({
        db,
        prefix,
        exports,
        members,
        firstOffsets: () => firstOffsetsOf(lookup, named(batchesPinned.name)),
      });
    await expect(rewind()).rejects.toThrow(RoomsRunning);
    expect(await Promise.all(rooms.splice(0).map((room) => room.stop()))).toContain(0);
    expect(await indexed()).toBe(49);
    await rewind();
    expect([await indexed(), await exported()]).toEqual([0, []]);
    start('indexer');
    start('exporter');
    await caughtUp();
    expect(await exported()).toEqual(before.rows);
    expect(await dump()).toBe(before.index);

    // Retention reaches `pinned`: a rewind would lose what stood before, so nothing is dropped.
    expect(await Promise.all(rooms.splice(0).map((room) => room.stop()))).toContain(0);
    const admin = rawKafka().admin();
    await admin.connect();
    await admin.fetchTopicOffsets(named(batchesPinned.name)); // deleting needs the metadata that this loads
    await admin.deleteTopicRecords({ topic: named(batchesPinned.name), partitions: [{ partition: 0, offset: '1' }] });
    await admin.disconnect();
    const refused = rewind();
    await expect(refused).rejects.toThrow(PinnedTrimmed);
    await expect(refused).rejects.toMatchObject({ code: 'pinned_trimmed' });
    expect({ index: await dump(), rows: await exported() }).toEqual(before);
    await lookup.close();
  }, 180_000);
});
