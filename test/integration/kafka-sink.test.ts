import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SchemaRegistry } from '@kafkajs/confluent-schema-registry';
import { FencedError, TransactionalWriter } from '../../connectors/kafka/index.ts';
import kafka from '../../connectors/sinks/kafka.ts';
import { makeSink } from '../../services/pipeline/define-sink.ts';
import type { ExportRow, Sink } from '../../services/pipeline/ports/sink.ts';
import { SALES_1, SALES_3 } from '../contract/sink-tables.ts';
import { kafkaOptions, uniqueName } from '../support/kafka.ts';
import { type Consumed, consumeAll } from '../support/kafka-consumed.ts';
import { targetOf } from '../support/targets.ts';

const APP = 'a1'.repeat(32);
const WALLET = 'b2'.repeat(32);

const sale = (origin: number, amount: bigint, fields: Partial<ExportRow> = {}): ExportRow => ({
  ...{ app: APP, wallet: WALLET, batchId: String(origin).repeat(64).slice(0, 64), type: 'Sale made', slot: 0, origin },
  ...{ eventId: `01900000-0000-7000-8000-00000000000${origin}`, time: Date.UTC(2026, 0, 1, 12, 0, 0, 5) },
  ...{ session: 's1', blob: null, signer: 'wallet', source: 'c3'.repeat(16), seq: origin, partition: 1 },
  ...{ issuedAt: 1_000, verified: true, table: SALES_1, values: { amount } },
  ...fields,
});

const delivery = (first: number, last: number) => ({
  ...{ partition: 1, first, last },
  ...{ from: { next: first, mark: first - 1 }, to: { next: last + 1, mark: last } },
});

describe('what consumers of the kafka sink see', () => {
  const prefix = uniqueName('consumers');
  const topic = `${prefix}.${SALES_1.name}`;
  let registry: SchemaRegistry;
  let sink: Sink;
  let config: { brokers: string[]; registry: string; prefix: string; partitions: number };

  const open = (reach?: () => void) =>
    makeSink(kafka, config, { log: 'f6'.repeat(16), name: 'shop', ...(reach ? { reach } : {}) });
  const keys = (records: readonly Consumed[]) => records.map(({ key }) => key);

  beforeAll(async () => {
    const brokers = (await targetOf('kafka')).split(',');
    config = { brokers, registry: await targetOf('registry'), prefix, partitions: 2 };
    registry = new SchemaRegistry({ host: config.registry });
    sink = open();
    await sink.check();
    await sink.put([sale(0, 1250n), sale(1, -1n)], delivery(0, 1));
  }, 60_000);
  afterAll(() => sink.close());

  it('typed Avro, CloudEvents headers, a key that begins with the wallet, our partition', async () => {
    const [first, second] = await consumeAll(topic, 'committed', 2);
    const value = await registry.decode(first?.value as Buffer);
    expect(value).toMatchObject({ app: APP, wallet: WALLET, type: 'Sale made', verified: true, seq: 0, session: 's1' });
    expect(Buffer.from(value.amount).toString('hex')).toBe('04e2');
    expect(value.time).toBe(Date.UTC(2026, 0, 1, 12, 0, 0, 5) * 1000);
    expect(first).toMatchObject({ partition: 1, key: `${WALLET}/${sale(0, 0n).batchId}/0` });
    expect(first?.headers).toEqual({
      ce_specversion: '1.0',
      ce_id: sale(0, 0n).eventId,
      ce_source: `/apps/${APP}/batches/${sale(0, 0n).batchId}`,
      ce_type: 'Sale made',
      ce_time: '2026-01-01T12:00:00.005Z',
      ce_issuedat: '1970-01-01T00:00:01.000Z',
      ce_origin: '0',
      ce_session: 's1',
      'content-type': 'application/avro',
    });
    expect(second?.headers.ce_id).toBe(sale(1, 0n).eventId);
  }, 60_000);

  it('a later version of a schema under the same subject, which readers of the first can read', async () => {
    const later = sale(2, 7n, { table: SALES_3, values: { amount: 7n, shop_id: 2n ** 60n } });
    await sink.put([later], delivery(2, 2));
    const [v1, , v3] = await consumeAll(topic, 'committed', 3);
    expect(v1?.value?.readUInt32BE(1)).not.toBe(v3?.value?.readUInt32BE(1));
    const answer = await fetch(`${config.registry}/config/${topic}-value`);
    expect(await answer.json()).toEqual({ compatibilityLevel: 'FULL_TRANSITIVE' });
  }, 60_000);

  it('nothing of a delivery that died before its commit; control: who reads what is not committed sees it twice', async () => {
    const dying = open(() => {
      throw new Error('killed');
    });
    await dying.check();
    await expect(dying.put([sale(3, 3n)], delivery(3, 3))).rejects.toThrow('killed');
    await sink.put([sale(3, 3n)], delivery(3, 3));
    await dying.close();
    const key = `${WALLET}/${sale(3, 0n).batchId}/0`;
    expect(keys(await consumeAll(topic, 'committed', 4)).filter((one) => one === key)).toHaveLength(1);
    expect(keys(await consumeAll(topic, 'uncommitted')).filter((one) => one === key)).toHaveLength(2);
  }, 60_000);

  it('a tombstone for a row that was removed, and a record that says so, in one transaction', async () => {
    const { eventId, batchId } = sale(1, 0n);
    const selection = { app: APP, wallet: WALLET, issuedAt: 1_000, selector: { events: [eventId] } };
    expect(await sink.remove([selection])).toEqual([1]);
    const tombstone = (await consumeAll(topic, 'committed', 5)).find(({ value }) => value === null);
    expect(tombstone).toMatchObject({ partition: 1, key: `${WALLET}/${batchId}/0` });
    const [notice] = await consumeAll(`${prefix}-removed`, 'committed', 1);
    expect(await registry.decode(notice?.value as Buffer)).toMatchObject({
      ...{ topic, row_key: tombstone?.key, app: APP, wallet: WALLET, batch_id: batchId, slot: 0, event_id: eventId },
    });
  }, 60_000);

  it('what a holder of the seat says no more once another has taken it', async () => {
    const [one, two] = [0, 1].map(() => new TransactionalWriter(kafkaOptions(), `${prefix}/seat`));
    await one?.take();
    await one?.send(topic, 0, [{ key: 'late', value: Buffer.from('x') }]);
    await two?.take();
    await expect(one?.commit()).rejects.toBeInstanceOf(FencedError);
    await two?.drop();
    expect(keys(await consumeAll(topic))).not.toContain('late');
  }, 60_000);

  it('a partition that the topics do not have is refused in words', async () => {
    const put = sink.put([], { ...delivery(0, 0), partition: 2 });
    await expect(put).rejects.toMatchObject({ code: 'sink_partitions' });
  });
});
