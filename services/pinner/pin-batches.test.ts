import { randomBytes } from 'node:crypto';
import { decode } from '@ipld/dag-cbor';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { CID } from 'multiformats/cid';
import { createMemoryIpfs, type MemoryIpfs } from '../../connectors/ipfs/memory-ipfs.ts';
import { createMemoryClusters } from '../../connectors/postgres/memory-clusters.ts';
import { createMemoryPins } from '../../connectors/postgres/memory-pins.ts';
import { blake2b256, ready } from '../../protocol/index.ts';
import type { Encrypted, Pinned } from '../../schemas/index.ts';
import type { Accepted } from '../pipeline/accepted.ts';
import { NO_FAULTS } from '../pipeline/faults.ts';
import type { Outcome } from '../pipeline/outcome.ts';
import { createPinBatchesStep } from './pin-batches.ts';
import { MAX_BATCH_BYTES } from './segment.ts';

beforeAll(() => ready());

const bytes = (length: number) => new Uint8Array(randomBytes(length));

function record(origin: number, { wallet = bytes(32), size = 200 } = {}): Accepted<Encrypted> {
  const body = {
    subject: bytes(32),
    epoch: 0,
    mode: 'service' as const,
    summary: {
      count: 2,
      types: ['purchase'],
      idMin: 'a',
      idMax: 'b',
      timeMin: 1,
      timeMax: 2,
      source: bytes(16),
      seq: origin,
      signer: 'wallet' as const,
      issuedAt: 3,
    },
    meta: bytes(120),
    events: [{ purchase: bytes(size), profile: bytes(100) }, { purchase: bytes(100) }] as Record<string, Uint8Array>[],
  };
  const value = {
    batchId: bytes(32),
    app: bytes(32),
    wallet,
    rootVersion: 1,
    source: bytes(16),
    seq: origin,
    reason: null,
    body,
  };
  return { origin, value, record: { key: wallet, value: bytes(0), offset: origin, headers: {} }, retryOf: null };
}

function setUp(names = ['cere-mainnet']) {
  const clusters = createMemoryClusters();
  const pins = createMemoryPins();
  const nodes = new Map<string, MemoryIpfs>(names.map((name) => [name, createMemoryIpfs(name)]));
  const reached: string[] = [];
  const faults = { ...NO_FAULTS, reach: (point: string) => void reached.push(point) };
  return { clusters, pins, nodes, reached, step: createPinBatchesStep({ clusters, pins, ipfs: nodes, faults }) };
}

const bodyOf = (outcome: Outcome<Pinned> | undefined) => {
  if (outcome?.kind !== 'ok' || !outcome.value.body) throw new Error(`not pinned: ${outcome?.kind}`);
  return outcome.value.body;
};
const pinsOf = async (node: MemoryIpfs | undefined) => {
  const found: CID[] = [];
  for await (const pin of node?.pins() ?? []) found.push(pin);
  return found;
};

describe('pinning a flush', () => {
  test('each output says where its events are, and they are there', async () => {
    const { step, nodes } = setUp();
    const inputs = [record(5), record(6), record(7)];
    const outcomes = await step(inputs, 0);
    for (const [i, outcome] of outcomes.entries()) {
      const body = bodyOf(outcome);
      const block = await (nodes.get(body.cluster) as MemoryIpfs).block(CID.decode(body.segment));
      const segment = decode(block) as { batches: { events: Record<string, Uint8Array>[] }[] };
      expect(segment.batches[body.slot]?.events).toEqual(inputs[i]?.value.body?.events);
      expect(body.hash).toHaveLength(32);
      expect(body.bytes).toBe(120 + 200 + 100 + 100);
    }
  });

  test('one CAR and one pin per cluster, recorded with the range of origins', async () => {
    const { step, clusters, nodes, pins } = setUp(['cere-mainnet', 'berlin']);
    const berliner = bytes(32);
    await clusters.associate(berliner, 'berlin');
    const inputs = [record(10), record(11, { wallet: berliner }), record(12), record(13, { wallet: berliner })];
    const outcomes = await step(inputs, 2);
    expect(outcomes.map((outcome) => bodyOf(outcome).cluster)).toEqual([
      'cere-mainnet',
      'berlin',
      'cere-mainnet',
      'berlin',
    ]);
    expect(outcomes.map((outcome) => bodyOf(outcome).slot)).toEqual([0, 0, 1, 1]);
    for (const [name, node] of nodes) {
      const [pin, ...more] = await pinsOf(node);
      expect([node.imports, more.length]).toEqual([1, 0]);
      const recorded = (await pins.upTo(2, 13)).find(({ cluster }) => cluster === name);
      expect(recorded).toMatchObject({ first: 10, last: 13 });
      expect(String(recorded?.root)).toBe(String(pin));
    }
    expect(await pins.upTo(2, 12)).toEqual([]);
  });

  test('a node that is down is asked again, and repeating makes no second pin', async () => {
    const { step, nodes, reached, pins } = setUp();
    const node = nodes.get('cere-mainnet') as MemoryIpfs;
    const inputs = [record(1), record(2)];
    node.down = true;
    await expect(step(inputs, 0)).rejects.toMatchObject({ retriable: true });
    expect(reached).toEqual([]);
    node.down = false;
    const first = await step(inputs, 0);
    const second = await step(inputs, 0);
    expect(second).toEqual(first);
    expect(await pinsOf(node)).toHaveLength(1);
    expect(await pins.upTo(0, 2)).toHaveLength(1);
    expect(reached).toEqual(['after-pin', 'after-pin']);
  });

  test('the hash proves the batch that the path leads to', async () => {
    const { step } = setUp();
    const inputs = [record(1), record(2)];
    const [one, two] = (await step(inputs, 0)).map(bodyOf);
    expect(Buffer.compare(one?.hash as Uint8Array, two?.hash as Uint8Array)).not.toBe(0);
    expect(Buffer.compare(one?.hash as Uint8Array, blake2b256(new Uint8Array(0)))).not.toBe(0);
  });

  test('a batch that no segment can hold is dead; its neighbours are pinned', async () => {
    const { step } = setUp();
    const outcomes = await step([record(1), record(2, { size: MAX_BATCH_BYTES }), record(3)], 0);
    expect(outcomes.map(({ kind }) => kind)).toEqual(['ok', 'dlq', 'ok']);
    expect(outcomes[1]).toMatchObject({ code: 'batch_too_large', sender: { seq: 2 } });
    expect([bodyOf(outcomes[0]).slot, bodyOf(outcomes[2]).slot]).toEqual([0, 1]);
  });

  test('a cluster that this pinner was not given stops it before anything is pinned', async () => {
    const { step, clusters, nodes } = setUp();
    const wallet = bytes(32);
    await clusters.associate(wallet, 'tokyo');
    await expect(step([record(1), record(2, { wallet })], 0)).rejects.toMatchObject({
      code: 'unknown_cluster',
      retriable: false,
    });
    expect(nodes.get('cere-mainnet')?.imports).toBe(0);
  });

  test('a flush of several MiB becomes several segments under one manifest', async () => {
    const { step, nodes } = setUp();
    const outcomes = await step(
      Array.from({ length: 12 }, (_, i) => record(i, { size: 300_000 })),
      0,
    );
    const segments = new Set(outcomes.map((outcome) => String(CID.decode(bodyOf(outcome).segment))));
    expect(segments.size).toBe(4);
    expect(await pinsOf(nodes.get('cere-mainnet'))).toHaveLength(1);
  });
});
