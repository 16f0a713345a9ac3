import { beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createMemoryIpfs } from '../../../connectors/ipfs/memory-ipfs.ts';
import { MemoryLog } from '../../../connectors/kafka/memory-log.ts';
import { createMemoryClusters } from '../../../connectors/postgres/memory-clusters.ts';
import { createMemoryIndexStore } from '../../../connectors/postgres/memory-index-store.ts';
import { createMemoryPins } from '../../../connectors/postgres/memory-pins.ts';
import { memoryPositions } from '../../../connectors/postgres/memory-positions.ts';
import { ready, toHex } from '../../../protocol/index.ts';
import type { Encrypted, Pinned } from '../../../schemas/index.ts';
import { indexEntry } from '../../indexer/index-entry.ts';
import { createPinBatchesStep } from '../../pinner/pin-batches.ts';
import { RetriableError } from '../../pipeline/errors.ts';
import { NO_SIGNALS } from '../../pipeline/events.ts';
import { NO_FAULTS } from '../../pipeline/faults.ts';
import { type Position, START } from '../../pipeline/ports/positions.ts';
import type { ReplaySpec } from '../../pipeline/ports/replays.ts';
import type { Stretch } from '../../pipeline/replays/progress.ts';
import { withRetry } from '../../pipeline/retry.ts';
import { readVerdict } from '../../pipeline/rules/read.ts';
import { ALL_RULES } from '../../pipeline/rules/rules.ts';
import { type ReplayLaneEdges, runReplayLane } from './lane.ts';
import { createStoredRecords } from './stored-records.ts';

beforeAll(() => ready());

const bytes = (length: number, fill: number) => new Uint8Array(length).fill(fill);
const [APP, OTHER] = [bytes(32, 1), bytes(32, 8)];
const SPEC: ReplaySpec = {
  app: toHex(APP),
  wallet: null,
  types: null,
  from: null,
  to: null,
  scopes: [],
  target: { kind: 'sink' },
  sink: { name: 'ndjson', config: {} },
  schema: 'text',
  by: 'operator',
  rate: null,
  cpuShare: null,
  host: null,
};

/** Record `origin` as the encryptor made it, in its `copy`th attempt: what is sealed differs each time. */
function encrypted(origin: number, copy: number): Encrypted {
  const batchId = bytes(32, 0);
  new DataView(batchId.buffer).setUint32(0, origin);
  const head = { batchId, app: origin % 5 === 4 ? OTHER : APP, wallet: bytes(32, 3), rootVersion: 1 };
  if (origin % 7 === 3) return { ...head, source: null, seq: null, reason: 'duplicate', body: null };
  const time = 1_000_000 + origin * 100;
  const summary = {
    ...{ count: 2, types: [origin % 2 === 0 ? 'EVEN' : 'ODD'], idMin: 'a', idMax: 'b' },
    ...{
      timeMin: time,
      timeMax: time + 10,
      source: bytes(16, 5),
      seq: origin,
      signer: 'wallet' as const,
      issuedAt: time,
    },
  };
  const events = [{ a: bytes(94, copy) }, { a: bytes(95, copy) }];
  const body = { subject: bytes(32, 4), epoch: 0, mode: 'service' as const, summary, meta: bytes(94, copy), events };
  return { ...head, source: summary.source, seq: origin, reason: null, body };
}

/** What comes of a record where it counts: its origin, and the bytes that tell its copies apart. */
const markOf = (origin: number, { body }: Pinned) => `${origin}/${body?.meta[0]}/${body?.events.length}`;

interface World {
  readonly log: MemoryLog;
  readonly edges: (target: Target, spec?: ReplaySpec) => ReplayLaneEdges;
  /** Live batches of the app that a reader of the whole log accepts, in order. */
  readonly accepted: readonly { readonly origin: number; readonly mark: string }[];
  readonly length: number;
  first: number;
}

/** Stands for a sink: rows and position by compare-and-set. */
interface Target {
  position: Position;
  readonly got: string[];
  readonly stretches: Stretch[];
  /** Asked before each delivery: may fail it, or trim the log. */
  before(): void;
}

const target = (before: Target['before'] = () => undefined): Target => ({
  position: START,
  got: [],
  stretches: [],
  before,
});

/** A partition of `pinned` with losses and repairs, indexed and stored in IPFS. */
async function world(
  rounds: readonly { emitted: number; lost: number }[],
  checkpoints: readonly number[],
): Promise<World> {
  const log = new MemoryLog();
  log.createTopic('pinned', 1);
  const ipfs = createMemoryIpfs('cere-mainnet');
  const pin = createPinBatchesStep({
    clusters: createMemoryClusters(),
    ipfs: new Map([[ipfs.name, ipfs]]),
    pins: createMemoryPins(),
    faults: NO_FAULTS,
  });
  const positions = memoryPositions('00');
  const index = createMemoryIndexStore(
    positions,
    () => [],
    () => undefined,
  );
  const written: { origin: number; value: Pinned }[] = [];
  async function emit(origin: number, copy: number): Promise<void> {
    const record = { offset: 0, key: bytes(32, 3), value: new Uint8Array(), headers: {} };
    const [outcome] = await pin([{ origin, value: encrypted(origin, copy), record, retryOf: null }], 0);
    if (outcome?.kind !== 'ok') throw new Error('it does not pin');
    written.push({ origin, value: outcome.value });
    const value = new Uint8Array(4);
    new DataView(value.buffer).setUint32(0, written.length - 1);
    await log.writer().send('pinned', 0, [{ key: record.key, value, headers: { origin: String(origin) } }]);
  }
  let next = 0;
  for (const [copy, { emitted, lost }] of rounds.entries()) {
    for (let i = 0; i < emitted; i += 1) await emit(next + i, copy + 1);
    if (lost > 0) for (let i = 0; i < emitted; i += 1) await emit(next + emitted + lost + i, copy + 1);
    next += emitted;
  }
  const pairs: Position[] = [];
  const accepted: World['accepted'][number][] = [];
  let at = await positions.load('indexer', 0);
  for (const { origin, value } of written) {
    const counts = readVerdict(origin, at.mark, ALL_RULES) === 'accept';
    const to = { next: at.next + 1, mark: counts ? origin : at.mark };
    await index.apply(0, at, to, counts ? [indexEntry({ origin, value })] : []);
    if (counts && value.body && toHex(value.app) === SPEC.app) accepted.push({ origin, mark: markOf(origin, value) });
    at = to;
    pairs.push(at);
  }
  const kept = [...new Set(checkpoints)].map((n) => pairs[n % pairs.length] as Position);
  const it: World = {
    log,
    accepted,
    length: written.length,
    first: 0,
    edges: (to, spec = SPEC) => ({
      spec,
      untils: new Map([[0, at.mark]]),
      sink: { position: async () => to.position },
      async deliver(_partition, from, place, records) {
        to.before();
        if (from.next !== to.position.next || from.mark !== to.position.mark) return false;
        to.position = place;
        to.got.push(...records.flatMap(({ origin, value }) => (value.body ? [markOf(origin, value)] : [])));
        return true;
      },
      index: {
        inOrder: (selection, range) => index.inOrder(selection, range, { limit: 3 }),
        checkpoints: async () => kept,
      },
      indexed: () => positions.load('indexer', 0),
      stored: createStoredRecords(new Map([[ipfs.name, ipfs]])),
      firstKept: async () => it.first,
      codec: {
        encode: () => new Uint8Array(),
        decode: (value) => {
          const found = written[new DataView(value.buffer, value.byteOffset).getUint32(0)];
          if (!found) throw new Error('no such record');
          return found.value;
        },
      },
      pace: { take: (_, work) => work() },
      limits: { maxRecords: 4, maxBytes: 2_000, lingerMs: 0 },
      rules: ALL_RULES,
      signals: NO_SIGNALS,
      clock: { now: () => 0, sleep: async () => undefined },
      retry: (operation, { revoked }, attempt) =>
        withRetry(
          {
            clock: { now: () => 0, sleep: async () => undefined },
            random: { float: () => 0, bytes: () => new Uint8Array() },
            signal: revoked,
            onRetry: () => undefined,
          },
          operation,
          attempt,
        ),
      onStretch: (_partition, stretch) => to.stretches.push(stretch),
    }),
  };
  return it;
}

/** Runs the lane as a member of a group, to its end. */
async function replay(it: World, to: Target, spec?: ReplaySpec): Promise<void> {
  const consumer = it.log.consumer({ group: 'replay', topic: 'pinned' });
  await new Promise<void>((resolve, reject) => {
    consumer
      .run(async (input) => {
        await runReplayLane(it.edges(to, spec), input);
        resolve();
      })
      .catch(reject);
  });
  await consumer.stop();
}

function trim(it: World, first: number): void {
  it.first = Math.max(it.first, Math.min(first, it.length));
  it.log.trim('pinned', 0, it.first);
}

test('what counted comes once and in order, wherever retention has got to and whatever fails on the way', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ emitted: fc.integer({ min: 1, max: 5 }), lost: fc.integer({ min: 0, max: 2 }) }), {
        minLength: 1,
        maxLength: 6,
      }),
      fc.array(fc.nat(60), { maxLength: 4 }),
      fc.nat(40),
      fc.infiniteStream(fc.record({ fails: fc.boolean(), trimmed: fc.integer({ min: 0, max: 12 }) })),
      async (rounds, checkpoints, cut, weather) => {
        const it = await world(rounds, checkpoints);
        trim(it, cut);
        let steps = 0;
        const to = target(() => {
          const now = weather.next().value as { fails: boolean; trimmed: number };
          steps += 1;
          if (now.trimmed > 9) trim(it, it.first + now.trimmed - 9);
          if (now.fails && steps < 40) throw new RetriableError('sink_unavailable', 'not now');
        });
        await replay(it, to);
        expect(to.got).toEqual(it.accepted.map(({ mark }) => mark));
      },
    ),
    { numRuns: 60 },
  );
}, 120_000);

test('Kafka is read while it holds what is next, and the index to its border', async () => {
  const rounds = [{ emitted: 30, lost: 0 }];
  const whole = target();
  await replay(await world(rounds, [9, 19]), whole);
  expect(new Set(whole.stretches.map(({ source }) => source))).toEqual(new Set(['log']));
  const it = await world(rounds, [9, 19]);
  trim(it, 15);
  const cut = target();
  await replay(it, cut);
  expect(cut.got).toEqual(whole.got);
  expect(cut.stretches.filter(({ source }) => source === 'index').at(-1)?.mark).toBe(19);
  expect(cut.stretches.find(({ source }) => source === 'log')?.mark).toBeGreaterThan(19);
  expect(cut.position).toEqual({ next: 30, mark: 29 });
});

test('only batches that may hold what is wanted are opened, from either place', async () => {
  const it = await world([{ emitted: 30, lost: 0 }], [19]);
  trim(it, 15);
  const to = target();
  await replay(it, to, { ...SPEC, types: ['ODD'], from: 1_000_500, to: 1_002_500 });
  const wanted = it.accepted.filter(({ origin }) => origin % 2 === 1 && origin >= 5 && origin < 25);
  expect(to.got).toEqual(wanted.map(({ mark }) => mark));
});

test('an export is left where its reader can begin, also behind the end of the job', async () => {
  const it = await world([{ emitted: 30, lost: 0 }], []);
  trim(it, 30);
  const to = target();
  const spec = { ...SPEC, target: { kind: 'export' as const, name: 'sales' } };
  await replay(it, to, spec);
  expect(to.position).toEqual({ next: 30, mark: 29 });
});

test('an export that somebody lets go on meanwhile is not called done: its history is missing, and that is said', async () => {
  const spec = { ...SPEC, target: { kind: 'export' as const, name: 'sales' } };
  for (const deliveries of [0, 2]) {
    const it = await world([{ emitted: 30, lost: 0 }], [9, 19]);
    trim(it, 15);
    let n = 0;
    const to = target(() => {
      // Its own reader starts where the export was declared to: now.
      if (n === deliveries) to.position = { next: 30, mark: 29 };
      n += 1;
    });
    await expect(replay(it, to, spec)).rejects.toMatchObject({
      code: 'target_moved',
      message: expect.stringContaining('to 29, most likely export sales itself'),
    });
  }
  // A target of the job's own is moved by nobody but another member of the job.
  const own = await world([{ emitted: 30, lost: 0 }], []);
  let isMoved = false;
  const to = target(() => {
    if (!isMoved) to.position = { next: 30, mark: 29 };
    isMoved = true;
  });
  await replay(own, to);
  expect(to.got).toEqual([]);
});
