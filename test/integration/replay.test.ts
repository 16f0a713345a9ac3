import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openKubo } from '../../connectors/ipfs/kubo.ts';
import { createKafkaLookup, createKafkaWriter, readLogId } from '../../connectors/kafka/index.ts';
import { parseKeks } from '../../connectors/kms/kek-list.ts';
import { createClusters } from '../../connectors/postgres/clusters.ts';
import { createPins } from '../../connectors/postgres/pins.ts';
import { createPositions } from '../../connectors/postgres/positions.ts';
import { putErasure } from '../../connectors/postgres/removals.ts';
import { createReplays } from '../../connectors/postgres/replays.ts';
import { createRequests } from '../../connectors/postgres/requests.ts';
import { createRegistryCodecs } from '../../connectors/registry/index.ts';
import parquet from '../../connectors/sinks/parquet.ts';
import { createFreshRoot } from '../../connectors/vault/fresh-root.ts';
import { openVault } from '../../connectors/vault/postgres-vault.ts';
import { ready, toHex, type VerifiedRequest } from '../../protocol/index.ts';
import type { Pinned } from '../../schemas/index.ts';
import { command } from '../../services/exporter/replay/work.ts';
import { createPinBatchesStep } from '../../services/pinner/pin-batches.ts';
import { NO_FAULTS } from '../../services/pipeline/faults.ts';
import type { Replays } from '../../services/pipeline/ports/replays.ts';
import { batchesPinned } from '../../topics/batches-pinned.ts';
import { log as logTopic } from '../../topics/log.ts';
import { partitionOf } from '../../topics/partition.ts';
import { kafkaOptions, rawKafka } from '../support/kafka.ts';
import { batchMaker, SCOPES, TABLE, voidOf } from '../support/pinned-batches.ts';
import { eventually, type RoomProcess, startRoom } from '../support/room-process.ts';
import { ddc } from '../support/sandbox.ts';
import { seen } from '../support/seen-rows.ts';
import { type Suite, suite } from '../support/stack.ts';
import { targetOf } from '../support/targets.ts';

const PARTITIONS = 2;
const WALLETS = 12;
const BATCHES_EACH = 10;
const EVENTS_EACH = 4;
const CLI = fileURLToPath(new URL('../../cli/ddc.mjs', import.meta.url));

describe('a replay on the real stack', () => {
  let corner: Suite;
  let make: ReturnType<typeof batchMaker>;
  let replays: Replays;
  let exporter: RoomProcess;
  let feed: (batches: readonly { readonly partition: number; readonly pinned: Pinned }[]) => Promise<void>;
  let env: Readonly<Record<string, string>>;
  const started: RoomProcess[] = [];
  const closing: (() => Promise<unknown>)[] = [];
  const ends = [0, 0];
  const wallets: ReturnType<typeof make.newWallet>[] = [];

  const folder = (name: string) => join(corner.folder, name);
  const rowsIn = async (name: string) => seen(await (await parquet.trial(folder(name), targetOf)).rows([TABLE]));
  const live = () => rowsIn('live');
  const planOf = (name: string) =>
    JSON.stringify({ name, app: make.app, scopes: SCOPES, sink: 'parquet', config: { folder: folder(name) } });
  const replay = (...args: string[]) => ddc(['replay', ...args], env);
  const toFolder = (name: string) => ['--app', make.app, '--scopes', ...SCOPES, '--out', folder(name), '--json'];

  function start(room: 'indexer' | 'exporter', name = ''): RoomProcess {
    const room_ = startRoom(room, { ...env, ...(name ? { DDC_EXPORT: planOf(name) } : {}) });
    started.push(room_);
    return room_;
  }

  const caughtUp = (name: string, count: number) =>
    eventually(`${name} and the index caught up`, async () => {
      const rows = await corner.database.kysely
        .selectFrom('positions')
        .selectAll()
        .where('stage', '=', 'indexer')
        .execute();
      const isIndexed = rows.length === PARTITIONS && rows.every((row) => row.mark === (ends[row.partition] ?? 0) - 1);
      return isIndexed && (await rowsIn(name)).length === count ? true : null;
    });

  beforeAll(async () => {
    await ready();
    corner = await suite('replay', { partitions: PARTITIONS });
    env = corner.env;
    const { database: db, prefix } = corner;
    const kekText = (await readFile(env.DDC_KEK_FILE ?? '', 'utf8')).trim();
    const random = { bytes: (length: number) => new Uint8Array(randomBytes(length)) };
    const clock = { now: () => Date.now() };
    const keks = parseKeks(kekText);
    const requests = createRequests(db, createFreshRoot(keks, random));
    const vault = openVault({ db, keks, random, clock, calendar: clock });
    make = batchMaker(vault, requests);
    replays = createReplays(db);
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
        const { pinned } = await make.make(wallet, EVENTS_EACH, Date.UTC(2026, 0, 1 + n));
        batches.push({ partition, pinned });
        if (i % 4 === 0) batches.push({ partition, pinned: voidOf(pinned, 'duplicate') });
        if (i % 5 === 0) batches.push({ partition, pinned: (await other.make(other.newWallet(), 1)).pinned });
      }
    }
    start('indexer');
    exporter = start('exporter', 'live');
    await feed(batches);
    const all = WALLETS * BATCHES_EACH * EVENTS_EACH;
    await caughtUp('live', all);

    // What was erased and removed since is in none of them.
    const [gone, some] = wallets as [(typeof wallets)[number], (typeof wallets)[number]];
    const app = Buffer.from(make.app, 'hex');
    const owner = { app, wallet: gone.publicKey };
    await putErasure(db.kysely, randomBytes(16), {
      ...owner,
      issuedAt: Date.now(),
      fence: 1_000_000,
      rootVersions: [1],
    });
    const ofSome = (await live()).filter(({ wallet }) => wallet === toHex(some.publicKey));
    const events = ofSome.slice(3, 10).map(({ eventId }) => eventId);
    const request = { app: make.app, wallet: toHex(some.publicKey), id: toHex(randomBytes(16)) };
    await requests.once(
      {
        ...request,
        kind: 'remove',
        issuedAt: Date.now(),
        hash: '00'.repeat(32),
        content: {},
      } as unknown as VerifiedRequest,
      async (effects) => ({ ...(await effects.remove({ events })) }),
    );
    // Not looked at before: files that are rewritten meanwhile read badly.
    await eventually('both are applied', async () => {
      const reports = await db.kysely
        .selectFrom('removal_reports')
        .selectAll()
        .where('reporter', '=', 'live')
        .execute();
      return reports.length === 2 ? true : null;
    });
    expect(await live()).toHaveLength(all - BATCHES_EACH * EVENTS_EACH - 7);
  }, 240_000);

  afterAll(async () => {
    for (const room of started) await room.kill();
    for (const close of closing) await close();
    await corner?.close();
  });

  it('out of Kafka is the live export, row for row', async () => {
    const dry = await replay(...toFolder('unused'), '--dry-run');
    expect(dry.code).toBe(0);
    const { partitions } = JSON.parse(dry.stdout);
    expect(partitions.map((one: { index: unknown; log: { offset: number } }) => [one.index, one.log.offset])).toEqual([
      [null, 0],
      [null, 0],
    ]);
    const { code, stdout, stderr } = await replay(...toFolder('kafka'));
    expect([code, stderr.includes('done 100 %')]).toEqual([0, true]);
    const told = JSON.parse(stdout);
    expect(told).toMatchObject({ state: 'done', ipfs: { batches: 0 }, rows: (await live()).length, error: null });
    expect(await rowsIn('kafka')).toEqual(await live());
    // Its folder is its own: nothing else may be put there.
    const again = await replay(...toFolder('kafka'));
    expect([again.code, JSON.parse(again.stdout).refused.code]).toEqual([1, 'another_log']);
  }, 120_000);

  it('is it as well when Kafka has let go of more than half of it, and of one wallet, types and time', async () => {
    const admin = rawKafka().admin();
    await admin.connect();
    const topic = `${corner.prefix}${batchesPinned.name}`;
    await admin.fetchTopicOffsets(topic); // deleting needs the metadata that this loads
    const kept = ends.map((end) => Math.floor(end * 0.6));
    await admin.deleteTopicRecords({
      topic,
      partitions: kept.map((offset, partition) => ({ partition, offset: String(offset) })),
    });
    await admin.disconnect();
    // Where an indexer that came by here would have left a checkpoint: offsets and origins are the same in this log.
    const checkpoints = kept.map((offset, partition) => ({ partition, offset: offset + 5, mark: offset + 4 }));
    await corner.database.kysely.insertInto('checkpoints').values(checkpoints).execute();

    const { code, stdout } = await replay(...toFolder('ipfs'));
    expect(code).toBe(0);
    const told = JSON.parse(stdout);
    expect(told).toMatchObject({ state: 'done', rows: (await live()).length });
    expect(told.ipfs.events).toBeGreaterThan(told.kafka.events);
    expect(told.kafka.events).toBeGreaterThan(0);
    expect(await rowsIn('ipfs')).toEqual(await live());

    const wallet = toHex(wallets[5]?.publicKey ?? new Uint8Array());
    const [from, to] = ['2026-01-03', '2026-01-09T00:00:01.500Z'];
    const narrow = ['--wallet', wallet, '--types', 'PURCHASE', '--from', from, '--to', to];
    expect((await replay(...toFolder('narrow'), ...narrow)).code).toBe(0);
    const wanted = (await live()).filter(
      (row) =>
        row.wallet === wallet && row.type === 'PURCHASE' && row.time >= Date.parse(from) && row.time < Date.parse(to),
    );
    expect(wanted.length).toBeGreaterThan(5);
    expect(await rowsIn('narrow')).toEqual(wanted);
  }, 120_000);

  /** A process that works on a job, and its id once it is there. */
  function working(...args: string[]): { child: ChildProcess; ended: Promise<unknown> } {
    const child = spawn(process.execPath, [CLI, 'replay', ...args], {
      env: { ...process.env, NODE_ENV: '', NODE_OPTIONS: '', JEST_WORKER_ID: '', ...env },
      stdio: 'ignore',
    });
    return { child, ended: once(child, 'exit') };
  }

  it('is it as well when it was interrupted three times: killed, paused, stopped', async () => {
    const rate = ['--rate', '50', '--detach'];
    const made = JSON.parse((await replay(...toFolder('broken'), ...rate)).stdout);
    expect(made.state).toBe('pending');
    const rows = async () => (await replays.find(made.id))?.job.progress.rows ?? 0;
    const more = (than: number) => eventually('it goes on', async () => ((await rows()) > than ? true : null));
    const seenAt: number[] = [];

    const first = working('resume', made.id);
    await more(0);
    first.child.kill('SIGKILL');
    await first.ended;
    seenAt.push(await rows());
    expect((await replays.find(made.id))?.job.state).toBe('running');

    const second = working('resume', made.id);
    await more(seenAt[0] ?? 0);
    await command({ replays, clock: { now: () => Date.now(), sleep: async () => undefined } }, made.id, {
      kind: 'pause',
    });
    expect(await second.ended).toEqual([0, null]);
    expect((await replays.find(made.id))?.job).toMatchObject({ state: 'paused', lease: null });
    seenAt.push(await rows());

    const third = working('resume', made.id);
    await more(seenAt[1] ?? 0);
    third.child.kill('SIGTERM');
    await third.ended;
    expect((await replays.find(made.id))?.job).toMatchObject({ state: 'pending', lease: null });
    seenAt.push(await rows());

    const { stdout } = await replay('resume', made.id, '--json');
    expect(JSON.parse(stdout)).toMatchObject({ id: made.id, state: 'done' });
    expect(await rowsIn('broken')).toEqual(await live());
    expect(seenAt.every((one) => one > 0)).toBe(true);
    expect((await replay('resume', made.id, '--json')).code).toBe(1);
  }, 180_000);

  it('brings a new export to where it goes on live, and only there where nothing is yet', async () => {
    const of = (name: string) =>
      ddc(['replay', '--export', name, '--from', 'beginning', '--json'], {
        ...env,
        DDC_EXPORT: planOf(name),
      });
    const { code, stdout } = await of('copy');
    expect({ code, ...JSON.parse(stdout) }).toMatchObject({ code: 0, error: null, state: 'done' });
    expect(await rowsIn('copy')).toEqual(await live());
    const copying = start('exporter', 'copy');
    const wallet = wallets[3] as (typeof wallets)[number];
    const late = await make.make(wallet, EVENTS_EACH);
    const before = (await live()).length;
    await feed([{ partition: partitionOf(wallet.publicKey, PARTITIONS), pinned: late.pinned }]);
    await caughtUp('live', before + EVENTS_EACH);
    await caughtUp('copy', before + EVENTS_EACH);
    expect(await rowsIn('copy')).toEqual(await live());
    await Promise.all([exporter.stop(), copying.stop()]);
    const refused = await of('live');
    expect([refused.code, JSON.parse(refused.stdout).refused.code]).toEqual([1, 'target_used']);
  }, 120_000);
});
