import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { applyTopics } from '../../cli/topics.ts';
import { auditCharges } from '../../connectors/chain/audit.ts';
import type { KafkaLookup } from '../../connectors/kafka/index.ts';
import { createKafkaLookup, createKafkaWriter } from '../../connectors/kafka/index.ts';
import { createApps } from '../../connectors/postgres/apps.ts';
import { createSettlementStore } from '../../connectors/postgres/settlement-store.ts';
import { createRegistryCodecs } from '../../connectors/registry/index.ts';
import { ready, settlementLeaf, toHex, verifyInclusion } from '../../protocol/index.ts';
import type { Pinned } from '../../schemas/index.ts';
import type { Codec } from '../../services/pipeline/ports/codec.ts';
import type { LogWriter } from '../../services/pipeline/ports/log.ts';
import type { SettlementStore } from '../../services/pipeline/ports/settlement-store.ts';
import { createSettlementProver } from '../../services/pipeline/settlement-proof.ts';
import { fundOperator, sandboxRpc } from '../../stack/chain/fund.ts';
import { batchesPinned } from '../../topics/batches-pinned.ts';
import { settlementsFinalized } from '../../topics/settlements-finalized.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { kafkaOptions, uniqueName } from '../support/kafka.ts';
import { eventually, type RoomProcess, startRoom } from '../support/room-process.ts';

const PARTITIONS = 2;
const TIERS = {
  free: { operations: 1_000_000, periodSeconds: 86_400, perOperation: '1000', perMiB: '1000000' },
  premium: { operations: null, periodSeconds: 86_400, perOperation: '500', perMiB: '500000' },
};
const feeOf = (count: number, bytes: number) =>
  BigInt(count) * 1000n + (BigInt(bytes) * 1_000_000n + 1_048_575n) / 1_048_576n;

describe('settler on real Kafka, registry, PostgreSQL and chain', () => {
  const prefix = `${uniqueName('settler')}-`;
  const operator = `//Test//${prefix}`;
  const endpoint = process.env.CHAIN_RPC ?? '';
  const apps = [randomBytes(32), randomBytes(32)].map((app) => new Uint8Array(app));
  const rooms: RoomProcess[] = [];
  const made: { batchId: Uint8Array; fee: bigint; count: number }[] = [];
  const ends = [0, 0];
  let db: TestDatabase;
  let scratch: string;
  let writer: LogWriter;
  let lookup: KafkaLookup;
  let codec: Codec<Pinned>;
  let store: SettlementStore;
  let before: number;

  const start = (extra: Record<string, string> = {}): RoomProcess => {
    const room = startRoom('settler', {
      DATABASE_URL: db.url,
      DDC_TOPIC_PREFIX: prefix,
      DDC_OPERATOR_SEED_FILE: join(scratch, 'operator'),
      DDC_TIERS: JSON.stringify(TIERS),
      DDC_ROUND_SECONDS: '1',
      ...extra,
    });
    rooms.push(room);
    return room;
  };

  /** Batches as the pinner sends them; every third record is a void. */
  async function send(partition: number, count: number): Promise<void> {
    const records = Array.from({ length: count }, () => {
      const origin = ends[partition] as number;
      ends[partition] = origin + 1;
      return { origin, value: record(origin) };
    });
    await writer.send(
      `${prefix}ddc.batches.received`,
      partition,
      records.map(() => ({ key: new Uint8Array(32), value: new Uint8Array(1) })),
    );
    await writer.send(
      `${prefix}${batchesPinned.name}`,
      partition,
      records.map(({ origin, value }) => ({
        key: new Uint8Array(32),
        value: codec.encode(value),
        headers: { origin: String(origin) },
      })),
    );
  }

  function record(origin: number): Pinned {
    const app = apps[origin % 2] as Uint8Array;
    const batchId = new Uint8Array(randomBytes(32));
    const wallet = new Uint8Array(32).fill(9);
    const head = { batchId, app, wallet, rootVersion: 1, source: new Uint8Array(16), seq: origin };
    if (origin % 3 === 2) return { ...head, reason: 'duplicate', body: null };
    const count = 1 + (origin % 5);
    const bytes = 1_000 + origin;
    made.push({ batchId, count, fee: feeOf(count, bytes) });
    const summary = {
      count,
      types: ['PURCHASE'],
      idMin: '',
      idMax: '',
      timeMin: 0,
      timeMax: 0,
      source: head.source,
      seq: origin,
      signer: 'wallet' as const,
      issuedAt: 0,
    };
    const place = { cluster: 'cere-mainnet', segment: new Uint8Array(36), slot: 0, hash: batchId, bytes };
    const body = { subject: wallet, epoch: 0, mode: 'service' as const, summary, meta: new Uint8Array(1), events: [] };
    return { ...head, reason: null, body: { ...body, ...place } };
  }

  const allFinal = () =>
    eventually(
      'every batch settled',
      async () => {
        const states = await store.isFinal(made.map(({ batchId }) => batchId));
        return states.every((state) => state === 'final') ? true : null;
      },
      60_000,
    );
  const audit = () => auditCharges({ endpoint, operator, from: before });
  const owed = () => made.reduce((sum, { fee }) => sum + fee, 0n);

  beforeAll(async () => {
    await ready();
    scratch = await mkdtemp(join(tmpdir(), 'settler-'));
    await writeFile(join(scratch, 'operator'), `${operator}\n`);
    await fundOperator(endpoint, operator, 2);
    before = (await auditCharges({ endpoint, operator, from: 'head' })).head.number;
    db = await openTestDatabase('settler');
    for (const app of apps) await createApps(db).add({ app, tier: 'free', open: true });
    const registryUrl = process.env.SCHEMA_REGISTRY_URL ?? '';
    const { logId } = await applyTopics({
      brokers: [...kafkaOptions().brokers],
      registryUrl,
      prefix,
      partitions: PARTITIONS,
    });
    const codecs = createRegistryCodecs({ url: registryUrl });
    codec = await codecs.for({ ...batchesPinned, name: `${prefix}${batchesPinned.name}` });
    writer = createKafkaWriter(kafkaOptions());
    lookup = createKafkaLookup(kafkaOptions());
    store = createSettlementStore(db, logId);
  }, 60_000);

  afterAll(async () => {
    for (const room of rooms) await room.kill();
    await Promise.all([writer?.close(), lookup?.close(), db?.close()]);
    await rm(scratch, { recursive: true, force: true });
  });

  it('charges every live batch once, and proves each in a root that the chain has beside the charge', async () => {
    const room = start();
    await room.listening;
    await send(0, 9);
    await send(1, 6);
    await allFinal();
    const { charges, transferred, failed } = await audit();
    expect(charges.reduce((sum, { amount }) => sum + amount, 0n)).toBe(owed());
    expect(transferred).toBe(owed());
    expect(failed).toBe(0);
    const proofOf = createSettlementProver(store, 'cere-sandbox');
    for (const { batchId, count, fee } of made) {
      const proof = await proofOf(batchId);
      if (!proof) throw new Error('no proof');
      const leaf = settlementLeaf({ batchId, hash: proof.hash, count, bytes: proof.bytes, fee });
      const charge = charges.find(({ round, app }) => round === proof.round && toHex(app) === toHex(proof.app));
      expect(
        charge &&
          verifyInclusion({ leaf, index: proof.index, count: proof.count, proof: [...proof.proof], root: charge.root }),
      ).toBe(true);
      expect(charge?.block).toEqual(proof.block);
      expect(proof.fee).toBe(fee);
    }
    const published = await eventually('the settlements in the log', async () => {
      const end = await lookup.endOffset(`${prefix}${settlementsFinalized.name}`, 0);
      return end >= charges.length ? end : null;
    });
    expect(published).toBe(charges.length);
    await room.stop();
  }, 90_000);

  it('killed after signing and after submitting, it charges once', async () => {
    for (const killAt of ['after-sign', 'after-submit']) {
      const doomed = start({ DDC_FAULTS: JSON.stringify({ killAt }) });
      await doomed.listening;
      await send(0, 5);
      await doomed.ended();
      expect(await store.unresolved()).not.toBeNull();
      const next = start();
      await allFinal();
      await next.stop();
      const { charges, transferred } = await audit();
      expect(charges.reduce((sum, { amount }) => sum + amount, 0n)).toBe(owed());
      expect(transferred).toBe(owed());
      expect(new Set(charges.map(({ round, app }) => `${round}/${toHex(app)}`)).size).toBe(charges.length);
    }
  }, 120_000);

  it('bytes that are lost with their block are sent again, after their era they are signed again with the same nonce', async () => {
    const doomed = start({ DDC_FAULTS: JSON.stringify({ killAt: 'after-sign' }) });
    await doomed.listening;
    await send(1, 3);
    await doomed.ended();
    const lost = await store.unresolved();
    await sandboxRpc(endpoint, 'dev_newBlock', [{ count: 11 }]);
    const next = start();
    await allFinal();
    await next.stop();
    const row = await store.lastFinal();
    expect(row?.nonce).toBe(lost?.nonce);
    expect(row?.id).not.toBe(lost?.id);
    expect((await audit()).transferred).toBe(owed());
  }, 120_000);

  it('positions dropped and pinned read again from 0: no leaf changes, nothing is sent', async () => {
    const dump = () => db.kysely.selectFrom('leaves').selectAll().orderBy('batch_id').execute();
    const [leaves, { nonce }] = [await dump(), await audit()];
    await db.kysely.deleteFrom('positions').where('stage', '=', 'settler').execute();
    const room = start();
    await eventually('replayed to the end', async () => {
      const rows = await db.kysely.selectFrom('positions').selectAll().where('stage', '=', 'settler').execute();
      return rows.length === PARTITIONS && rows.every(({ next, partition }) => next === ends[partition]) ? true : null;
    });
    // Two rounds' time: whatever were due would be cut.
    const cutAt = performance.now();
    await eventually('two rounds passed', async () => (performance.now() - cutAt > 2_500 ? true : null));
    await room.stop();
    expect(await dump()).toEqual(leaves);
    expect((await audit()).nonce).toBe(nonce);
  }, 90_000);

  it('an app whose pot is empty is unpaid, and is settled once the pot is filled', async () => {
    const poor = new Uint8Array(randomBytes(32));
    await createApps(db).add({ app: poor, tier: 'free', open: true });
    apps[0] = poor;
    const room = start();
    await send(0, 4);
    const flag = (unpaid: boolean) =>
      eventually(
        `unpaid ${unpaid}`,
        async () => ((await createApps(db).find(poor))?.unpaid === unpaid ? true : null),
        60_000,
      );
    await flag(true);
    expect(await store.isFinal(made.map(({ batchId }) => batchId))).toContain('unpaid');
    await fundOperatorPot(operator, 2);
    await allFinal();
    await flag(false);
    await room.stop();
    expect((await audit()).transferred).toBe(owed());
  }, 120_000);

  async function fundOperatorPot(uri: string, pot: number): Promise<void> {
    const { accountEntry, SANDBOX_BALANCE } = await import('../../stack/chain/accounts.ts');
    const { publicKeyOf } = await import('../../stack/chain/genesis.ts');
    const { setStorage } = await import('../../stack/chain/fund.ts');
    const { potAccount } = await import('../../connectors/chain/pots.ts');
    await setStorage(endpoint, [accountEntry(potAccount(await publicKeyOf(uri), pot), SANDBOX_BALANCE)]);
  }
});
