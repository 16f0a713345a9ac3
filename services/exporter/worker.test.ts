import { beforeAll, expect, test } from '@jest/globals';
import { resumeStage } from '../../cli/dlq.ts';
import { MemoryLog } from '../../connectors/kafka/memory-log.ts';
import { memoryPositions } from '../../connectors/postgres/memory-positions.ts';
import { ready, toHex } from '../../protocol/index.ts';
import type { Pinned } from '../../schemas/index.ts';
import type { Clock } from '../pipeline/clock.ts';
import { NO_SIGNALS } from '../pipeline/events.ts';
import { NO_FAULTS } from '../pipeline/faults.ts';
import { type Position, START } from '../pipeline/ports/positions.ts';
import type { Sink } from '../pipeline/ports/sink.ts';
import { ALL_RULES } from '../pipeline/rules/rules.ts';
import { startReader } from '../pipeline/worker.ts';
import { deliver } from './deliver.ts';
import { ErasedOwners } from './erased-owners.ts';
import { untypedRows } from './events-table.ts';
import { exporterPlan } from './worker.ts';

const bytes = (length: number, fill: number) => new Uint8Array(length).fill(fill);
const summary = {
  count: 1,
  types: [],
  idMin: '',
  idMax: '',
  timeMin: 0,
  timeMax: 0,
  seq: 0,
  signer: 'wallet',
  issuedAt: 0,
};
const head = {
  batchId: bytes(32, 1),
  app: bytes(32, 2),
  wallet: bytes(32, 3),
  rootVersion: 1,
  source: null,
  seq: null,
};
/** Its meta is no envelope: what the encryptor sealed does not open, which is a bug. */
const poison = {
  ...head,
  reason: null,
  body: { subject: bytes(32, 4), epoch: 0, mode: 'service', summary, meta: bytes(94, 9), events: [{}] },
} as unknown as Pinned;
const passes: Pinned = { ...head, reason: 'dead', body: null };

/** Real time, but without waiting for it. */
const clock: Clock = {
  now: () => Date.now(),
  sleep: async (_ms, signal) => {
    signal?.throwIfAborted();
    await new Promise((resolve) => setImmediate(resolve));
  },
};

beforeAll(() => ready());

test('a batch that does not open pauses its partition of this export after three crashes; the others go on, and it does when resumed', async () => {
  const log = new MemoryLog();
  const positions = memoryPositions('00');
  const delivered = new Map<number, Position>();
  for (const topic of ['received', 'pinned']) log.createTopic(topic, 2);
  for (const partition of [0, 1]) {
    const record = { key: bytes(32, 3), value: Uint8Array.of(partition), headers: { origin: '0' } };
    await log.writer().send('received', partition, [record]);
    await log.writer().send('pinned', partition, [record]);
  }
  let mended = false;

  /** One process: until it crashes, or until every partition has delivered. */
  async function run(onPause: (partition: number) => void): Promise<string> {
    let tell: (outcome: string) => void = () => undefined;
    const outcome = new Promise<string>((resolve) => {
      tell = resolve;
    });
    const sink: Pick<Sink, 'position' | 'put'> = {
      position: async (partition) => delivered.get(partition) ?? START,
      async put(_rows, { partition, to }) {
        delivered.set(partition, to);
        if (delivered.size === 2) tell('delivered');
        return true;
      },
    };
    const exported = { name: 'sales', app: toHex(head.app), scopes: [] };
    const plan = exporterPlan(
      'received',
      { encode: () => bytes(1, 0), decode: ([n]) => (n === 0 && !mended ? poison : passes) },
      { plan: exported, sink: sink as Sink },
      {
        deliver: deliver({
          plan: exported,
          sink: sink as Sink,
          vault: {
            scopeKeys: async (requests) => requests.map(() => ({ key: bytes(32, 7), by: '', recipient: null })),
          },
          erased: new ErasedOwners(),
          erasures: { of: async () => [] },
          rowMakers: { for: async () => untypedRows([]) },
          removedEvents: { any: async (owners) => owners.map(() => false), of: async () => [] },
          breathe: async () => undefined,
          count: () => undefined,
        }),
      },
    );
    const signals = {
      ...NO_SIGNALS,
      emit: (name: string, { partition }: { partition?: number }) =>
        void (name === 'crash-loop' && onPause(partition ?? -1)),
    };
    const worker = startReader(
      log.consumer({ group: 'export-sales', topic: 'pinned' }),
      plan,
      { maxRecords: 10, maxBytes: 1_000, lingerMs: 0 },
      {
        positions,
        lookup: log.lookup(),
        clock,
        random: { float: () => 0, bytes: () => new Uint8Array() },
        signals,
        faults: NO_FAULTS,
        rules: ALL_RULES,
        onFatal: () => tell('crashed'),
      },
    );
    const told = await outcome;
    await worker.close();
    return told;
  }

  const paused: number[] = [];
  for (let crash = 1; crash <= 3; crash += 1) expect(await run((partition) => paused.push(partition))).toBe('crashed');
  expect(paused).toEqual([]);
  await expect(resumeStage(positions, 'export-other', 0)).rejects.toMatchObject({ code: 'not_paused' });
  delivered.delete(1);
  const resumed = run((partition) => {
    paused.push(partition);
    mended = true;
    void resumeStage(positions, `export-sales`, partition);
  });
  expect(await resumed).toBe('delivered');
  expect(paused).toEqual([0]);
  expect(delivered.get(0)).toEqual({ next: 1, mark: 0 });
});
