import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { withExports } from '../../cli/exports/edges.ts';
import { withDeployment } from '../../cli/replay/deployment.ts';
import { openKubo } from '../../connectors/ipfs/kubo.ts';
import { createKafkaLookup, createKafkaWriter, readLogId } from '../../connectors/kafka/index.ts';
import { parseKeks } from '../../connectors/kms/kek-list.ts';
import { createApps } from '../../connectors/postgres/apps.ts';
import { createClusters } from '../../connectors/postgres/clusters.ts';
import { createExports } from '../../connectors/postgres/exports.ts';
import { createPins } from '../../connectors/postgres/pins.ts';
import { createPositions } from '../../connectors/postgres/positions.ts';
import { createExportReports } from '../../connectors/postgres/removal-store.ts';
import { putErasure } from '../../connectors/postgres/removals.ts';
import { createReplays } from '../../connectors/postgres/replays.ts';
import { createRequests } from '../../connectors/postgres/requests.ts';
import { createAppSchemas, createRegistryCodecs } from '../../connectors/registry/index.ts';
import { createFreshRoot } from '../../connectors/vault/fresh-root.ts';
import { openVault } from '../../connectors/vault/postgres-vault.ts';
import { fromHex, ready, toHex, type VerifiedRequest } from '../../protocol/index.ts';
import type { Pinned } from '../../schemas/index.ts';
import { createPinBatchesStep } from '../../services/pinner/pin-batches.ts';
import { declareExport, judgeDeclaration } from '../../services/pipeline/exports/declare.ts';
import { NO_FAULTS } from '../../services/pipeline/faults.ts';
import type { ReplayJob, Replays } from '../../services/pipeline/ports/replays.ts';
import { judgeReplay, makeReplay } from '../../services/pipeline/replays/declare.ts';
import { orderReplay } from '../../services/pipeline/replays/order.ts';
import type { ReplayView } from '../../services/pipeline/replays/view.ts';
import { batchesPinned } from '../../topics/batches-pinned.ts';
import { log as logTopic } from '../../topics/log.ts';
import { partitionOf } from '../../topics/partition.ts';
import { addSchemas, mixedEvent, TABLES } from '../replay/mixed-events.ts';
import { childOf } from '../support/child-of.ts';
import { kafkaOptions, rawKafka } from '../support/kafka.ts';
import { consumeAll } from '../support/kafka-consumed.ts';
import { parquetRows } from '../support/parquet-rows.ts';
import { batchMaker, SCOPES, voidOf } from '../support/pinned-batches.ts';
import { eventually, type RoomProcess, startRoom } from '../support/room-process.ts';
import { ddc } from '../support/sandbox.ts';
import { type Suite, suite } from '../support/stack.ts';

const PARTITIONS = 2;
const WALLETS = 6;
const BATCHES_EACH = 8;
const EVENTS_EACH = 5;

/** A row of `parquetRows`. */
interface Row {
  readonly table: string;
  readonly wallet: string;
  readonly batch_id: string;
  readonly event_id: string;
  readonly type: string;
  readonly time: string;
  readonly slot: number;
  readonly extra?: string | null;
}

describe('a replay on the real stack', () => {
  let corner: Suite;
  let make: ReturnType<typeof batchMaker>;
  let requests: ReturnType<typeof createRequests>;
  let replays: Replays;
  let room: RoomProcess;
  let feed: (batches: readonly { readonly partition: number; readonly pinned: Pinned }[]) => Promise<void>;
  let env: Readonly<Record<string, string>>;
  const started: RoomProcess[] = [];
  const closing: (() => Promise<unknown>)[] = [];
  const ends = [0, 0];
  let made = 0;
  const wallets: ReturnType<typeof make.newWallet>[] = [];

  const folder = (name: string) => join(corner.folder, name);
  const rowsIn = (name: string) => parquetRows(folder(name));
  const live = () => rowsIn('live');
  const parsed = (rows: readonly string[]) => rows.map((row) => JSON.parse(row) as Row);
  const replay = (...args: string[]) => ddc(['replay', ...args], env);
  const wanting = () => ['--app', make.app, '--scopes', ...SCOPES, '--json'];

  function start(name: 'indexer' | 'exports'): RoomProcess {
    const one = startRoom(name, env);
    started.push(one);
    return one;
  }

  const declare = (name: string, state: 'running' | 'paused', from: 'beginning' | 'now' = 'beginning') =>
    withExports(async (edges) => {
      const said = { name, from, scopes: SCOPES, sink: 'parquet', config: { folder: folder(name) } };
      const judged = await judgeDeclaration(edges.declare, make.app, said, 'operator');
      return declareExport(edges.declare, judged, state);
    });
  /** As the API does it. */
  const ask = (input: object): Promise<ReplayJob> =>
    withDeployment(async (deployment) => {
      const edges = { exportOf: async () => null, judgeSink: deployment.judgeSink, replays };
      const spec = await judgeReplay(edges, make.app, input, 'app');
      return makeReplay({ ...deployment, now: Date.now }, toHex(randomBytes(4)), spec);
    });
  const until = (id: string, what: string, is: (job: ReplayJob) => boolean) =>
    eventually(`replay ${id} ${what}`, async () => {
      const job = (await replays.find(id))?.job;
      return job && is(job) ? job : null;
    });

  const caughtUp = (names: readonly string[]) =>
    eventually(`the index and ${names.join(', ')} caught up`, async () => {
      const rows = await corner.database.kysely
        .selectFrom('positions')
        .selectAll()
        .where('stage', '=', 'indexer')
        .execute();
      const isIndexed = rows.length === PARTITIONS && rows.every((row) => row.mark === (ends[row.partition] ?? 0) - 1);
      if (!isIndexed) return null;
      const all = await createExports(corner.database).list();
      const ids = all.filter(({ name }) => names.includes(name)).map(({ id }) => id);
      const status = await createExports(corner.database).status(ids);
      const marks = status.map(({ partitions }) =>
        partitions.map(({ partition, position }) => [partition, position.mark]),
      );
      const isThere = marks.every((some) => ends.every((end, i) => some.some(([p, m]) => p === i && m === end - 1)));
      return isThere ? true : null;
    });

  /** Not looked at before: files that are rewritten meanwhile read badly. */
  const applied = (removals: number) =>
    eventually('the live export has applied them', async () => {
      const reports = await corner.database.kysely
        .selectFrom('removal_reports')
        .selectAll()
        .where('reporter', '=', 'live')
        .execute();
      return reports.length === removals ? true : null;
    });
  async function remove(wallet: string, events: readonly string[]): Promise<void> {
    const request = { app: make.app, wallet, id: toHex(randomBytes(16)) };
    const rest = { kind: 'remove', issuedAt: Date.now(), hash: '00'.repeat(32), content: {} };
    await requests.once({ ...request, ...rest } as unknown as VerifiedRequest, async (effects) => ({
      ...(await effects.remove({ events: [...events] })),
    }));
  }

  beforeAll(async () => {
    await ready();
    corner = await suite('replay', { partitions: PARTITIONS });
    // Threads pay where much is opened.
    env = { ...corner.env, DDC_OPEN_THREADS: '0' };
    Object.assign(process.env, env);
    const { database: db, prefix } = corner;
    const kekText = (await readFile(env.DDC_KEK_FILE ?? '', 'utf8')).trim();
    const random = { bytes: (length: number) => new Uint8Array(randomBytes(length)) };
    const clock = { now: () => Date.now() };
    const keks = parseKeks(kekText);
    requests = createRequests(db, createFreshRoot(keks, random));
    const vault = openVault({ db, keks, random, clock, calendar: clock });
    make = batchMaker(vault, requests, { event: () => mixedEvent(made++) });
    replays = createReplays(db);
    await createApps(db).add({ app: fromHex(make.app, 32) });
    await addSchemas(createAppSchemas({ url: env.SCHEMA_REGISTRY_URL ?? '', prefix }), make.app);
    const codecs = createRegistryCodecs({ url: env.SCHEMA_REGISTRY_URL ?? '' });
    const codec = await codecs.for({ ...batchesPinned, name: `${prefix}${batchesPinned.name}` });
    const lookup = createKafkaLookup(kafkaOptions());
    const ids = { ...logTopic, name: `${prefix}${logTopic.name}` };
    const positions = createPositions(db, await readLogId(lookup, await codecs.for(ids), ids.name));
    const writer = createKafkaWriter(kafkaOptions());
    const ipfs = openKubo({ name: 'cere-mainnet', url: env.IPFS_API ?? '' });
    closing.push(
      () => writer.close(),
      () => lookup.close(),
      () => ipfs.close(),
      () => vault.close(),
    );
    const pin = createPinBatchesStep({
      clusters: createClusters(db),
      ipfs: new Map([[ipfs.name, ipfs]]),
      pins: createPins(db),
      faults: NO_FAULTS,
    });

    // Pinned for real, as the pinner does: a segment holds many batches.
    feed = async (batches) => {
      for (let partition = 0; partition < PARTITIONS; partition += 1) {
        const first = ends[partition] ?? 0;
        const key = new Uint8Array(32);
        const accepted = batches
          .filter((one) => one.partition === partition)
          .map(({ pinned }, i) => ({
            origin: first + i,
            value: pinned,
            retryOf: null,
            record: { offset: first + i, key, value: key, headers: {} },
          }));
        if (accepted.length === 0) continue;
        const records = (await pin(accepted, partition)).map((outcome, i) => {
          if (outcome.kind !== 'ok') throw new Error('it does not pin');
          return { key, value: codec.encode(outcome.value), headers: { origin: String(first + i) } };
        });
        await writer.send(
          `${prefix}ddc.batches.received`,
          partition,
          records.map(() => ({ key, value: key })),
        );
        await writer.send(`${prefix}${batchesPinned.name}`, partition, records);
        const end = first + records.length;
        ends[partition] = end;
        const at = await positions.load('pinner', partition);
        await positions.compareAndSet('pinner', partition, at, { next: end, mark: end - 1 });
      }
    };

    const other = batchMaker(vault, requests);
    wallets.push(...Array.from({ length: WALLETS }, () => make.newWallet()));
    const batches: { partition: number; pinned: Pinned }[] = [];
    for (let n = 0; n < BATCHES_EACH; n += 1) {
      for (const [i, wallet] of wallets.entries()) {
        const partition = partitionOf(wallet.publicKey, PARTITIONS);
        const { pinned } = await make.make(wallet, EVENTS_EACH);
        batches.push({ partition, pinned });
        if (i % 4 === 0) batches.push({ partition, pinned: voidOf(pinned, 'duplicate') });
        if (i % 5 === 0) batches.push({ partition, pinned: (await other.make(other.newWallet(), 1)).pinned });
      }
    }
    // A wallet of each partition at least.
    const [first] = wallets as [(typeof wallets)[number]];
    await feed(batches);
    await declare('live', 'running');
    start('indexer');
    room = start('exports');
    await caughtUp(['live']);
    expect(await live()).toHaveLength(WALLETS * BATCHES_EACH * EVENTS_EACH);

    // What was erased and removed since is in none of them.
    const gone = { app: Buffer.from(make.app, 'hex'), wallet: first.publicKey };
    const erasure = { ...gone, issuedAt: Date.now(), fence: 1_000_000, rootVersions: [1] };
    await putErasure(db.kysely, randomBytes(16), erasure);
    const some = toHex(wallets[1]?.publicKey ?? new Uint8Array());
    const ofSome = parsed(await live()).filter(({ wallet }) => wallet === some);
    await remove(
      some,
      ofSome.slice(3, 10).map(({ event_id }) => event_id),
    );
    await applied(2);
    expect(await live()).toHaveLength((WALLETS - 1) * BATCHES_EACH * EVENTS_EACH - 7);
  }, 240_000);

  afterAll(async () => {
    for (const one of started) await one.stop();
    for (const close of closing) await close();
    await corner?.close();
  }, 60_000);

  it('out of Kafka is the live export, row for row, in every table; the room works on it, and the command follows', async () => {
    const wanted = await live();
    expect([...new Set(parsed(wanted).map(({ table }) => table))].sort()).toEqual([...TABLES]);
    expect(parsed(wanted).some(({ extra }) => extra)).toBe(true);
    const { code, stdout, stderr } = await replay(...wanting(), '--out', folder('kafka'), '--rate', 'none');
    expect([code, stderr.includes('done 100 %')]).toEqual([0, true]);
    const told = JSON.parse(stdout) as ReplayView;
    expect(told).toMatchObject({ state: 'done', ipfs: { batches: 0 }, rows: wanted.length, error: null, rate: null });
    expect(room.output()).toContain(`"child":"replay-${told.id}"`);
    expect(await rowsIn('kafka')).toEqual(wanted);
  }, 120_000);

  it('goes into topics, of one wallet, types and time alone, once it was said what it would read', async () => {
    const wallet = toHex(wallets[3]?.publicKey ?? new Uint8Array());
    const mine = parsed(await live())
      .filter((row) => row.wallet === wallet && row.type === 'PURCHASE')
      .sort((a, b) => (a.time < b.time ? -1 : 1));
    const at = (row: Row | undefined) =>
      new Date(`${row?.time.replace(' ', 'T').replace(/(\+00)?$/, 'Z')}`).toISOString();
    const [from, to] = [at(mine[3]), at(mine.at(-3))];
    const wanted = mine.slice(3, -3);
    expect(wanted.length).toBeGreaterThan(5);
    const topic = `${corner.prefix}again`;
    const narrow = ['--wallet', wallet, '--types', 'PURCHASE', '--from', from, '--to', to, '--topic', topic];
    const dry = JSON.parse((await replay(...wanting(), ...narrow, '--dry-run')).stdout);
    expect(dry.partitions).toMatchObject([
      { partition: partitionOf(fromHex(wallet, 32), PARTITIONS), index: null, log: { first: 0, offset: 0 } },
    ]);
    const { code, stdout } = await replay(...wanting(), ...narrow);
    expect([code, JSON.parse(stdout)]).toEqual([0, expect.objectContaining({ state: 'done', rows: wanted.length })]);
    const records = await consumeAll(`${topic}.PURCHASE`, 'committed', wanted.length);
    expect(records.map(({ key }) => key).sort()).toEqual(
      wanted.map((row) => `${row.wallet}/${row.batch_id}/${row.slot}`).sort(),
    );
  }, 120_000);

  it('is the live export as well when Kafka has let go of more than half, its process is killed, and more is removed meanwhile', async () => {
    const admin = rawKafka().admin();
    await admin.connect();
    const topic = `${corner.prefix}${batchesPinned.name}`;
    await admin.fetchTopicOffsets(topic); // deleting needs the metadata that this loads
    const kept = ends.map((end) => Math.floor(end * 0.6));
    const partitions = kept.map((offset, partition) => ({ partition, offset: String(offset) }));
    await admin.deleteTopicRecords({ topic, partitions });
    await admin.disconnect();
    // Where an indexer that came by here would have left a checkpoint: offsets and origins are the same in this log.
    const checkpoints = kept.map((offset, partition) => ({ partition, offset: offset + 5, mark: offset + 4 }));
    await corner.database.kysely.insertInto('checkpoints').values(checkpoints).execute();

    const target = { sink: 'parquet', config: { folder: folder('ipfs') } };
    const { id } = await ask({ target, scopes: SCOPES, rate: 40 });
    await until(id, 'begins', ({ progress }) => progress.rows > 0);
    const pid = childOf(room.pid, `DDC_REPLAY=${id}`);
    if (pid === null) throw new Error('no process works on it');
    process.kill(pid, 'SIGKILL');
    const late = toHex(wallets[2]?.publicKey ?? new Uint8Array());
    const ofLate = parsed(await live()).filter(({ wallet }) => wallet === late);
    await remove(
      late,
      ofLate.slice(0, 20).map(({ event_id }) => event_id),
    );
    const { progress, error } = await until(id, 'is done', ({ state }) => state === 'done' || state === 'failed');
    expect(error).toBeNull();
    const read = Object.values(progress.partitions);
    const sum = (place: 'log' | 'index') => read.reduce((all, one) => all + one[place].events, 0);
    expect(sum('index')).toBeGreaterThan(sum('log'));
    expect(sum('log')).toBeGreaterThan(0);
    await applied(3);
    expect(await rowsIn('ipfs')).toEqual(await live());
  }, 120_000);

  it('that is paused and then cancelled with nobody at work on it leaves nothing behind, and who followed it is told', async () => {
    const following = replay(...wanting(), '--out', folder('given-up'), '--rate', '20');
    const { id } = await eventually('it begins', async () => {
      const [last] = await replays.list(1);
      return last?.job.state === 'running' && last.job.progress.rows > 0 ? last.job : null;
    });
    await orderReplay({ replays, clock: { now: Date.now } }, id, { kind: 'pause' });
    const { code, stdout, stderr } = await following;
    expect({ code, ...JSON.parse(stdout) }).toMatchObject({ code: 1, id, state: 'paused' });
    expect(stderr).toContain(`Replay ${id} is not done: it is paused`);
    await until(id, 'is left', ({ lease }) => lease === null);
    const reports = createExportReports(corner.database);
    const isRegistered = async () => (await reports.registered()).some(({ name }) => name === `replay-${id}`);
    expect(await isRegistered()).toBe(true);
    await orderReplay({ replays, clock: { now: Date.now } }, id, { kind: 'cancel' });
    await until(id, 'is cleared', ({ clearedAt }) => clearedAt !== null);
    expect(await isRegistered()).toBe(false);
    const admin = rawKafka().admin();
    await admin.connect();
    const { groups } = await admin.listGroups();
    await admin.disconnect();
    expect(groups.filter(({ groupId }) => groupId.startsWith(`${corner.prefix}replay-`))).toEqual([]);
  }, 120_000);

  it('brings a new export to where it goes on live, without a gap and without a double', async () => {
    // From the beginning it could not be declared any more: Kafka has let go of that.
    await declare('copy', 'paused', 'now');
    const wallet = wallets[4] as (typeof wallets)[number];
    const more = async () =>
      feed([
        { partition: partitionOf(wallet.publicKey, PARTITIONS), pinned: (await make.make(wallet, EVENTS_EACH)).pinned },
      ]);
    // What is pinned while it is replayed is the live reader's.
    const following = replay('--export', 'copy', '--from', 'beginning', '--json');
    await more();
    const { code, stdout } = await following;
    expect({ code, ...JSON.parse(stdout) }).toMatchObject({ code: 0, error: null, state: 'done' });
    await more();
    const copy = await createExports(corner.database).find('copy');
    await createExports(corner.database).setState(copy?.id ?? 0, 'running');
    await more();
    await caughtUp(['live', 'copy']);
    expect(await rowsIn('copy')).toEqual(await live());
  }, 120_000);
});
