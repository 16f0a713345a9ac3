import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { encodeNdjson, openTransit, toHex, transitKeyPair } from '../../protocol/index.ts';
import { app, type MemoryApi, someBatch, someBody, someEvent, startMemoryApi, wallet } from '../../test/support/api.ts';
import { eventually } from '../../test/support/room-process.ts';
import { RetriableError } from '../pipeline/errors.ts';

let it: MemoryApi;
beforeAll(async () => {
  it = await startMemoryApi();
});
afterAll(() => it.api.close());

describe('an accepted batch', () => {
  test('is answered 202 with its id and position, and stands there, sealed', async () => {
    const batch = someBatch();
    const answer = await it.post(encodeNdjson(batch));
    expect(answer.status).toBe(202);
    const { batchId, partition, offset } = (await answer.json()) as {
      batchId: string;
      partition: number;
      offset: number;
    };
    expect(batchId).toBe(toHex(batch.batchId));
    const stored = it.appended().find((one) => one.partition === partition && one.record.offset === offset);
    if (!stored) throw new Error('nothing stands at the position that was answered');
    expect(toHex(stored.received.batchId)).toBe(batchId);
    expect(toHex(stored.record.key)).toBe(toHex(wallet.publicKey));
    expect(toHex(stored.received.app)).toBe(toHex(app.publicKey));
    const owner = { app: app.publicKey, wallet: wallet.publicKey };
    const [root] = await it.vault.roots([{ ...owner, rootVersion: stored.received.rootVersion }]);
    if (!root) throw new Error('the root is not there');
    expect(Buffer.from(openTransit(transitKeyPair(root.userRoot), stored.received.sealed))).toEqual(
      Buffer.from(encodeNdjson(batch)),
    );
    expect(Buffer.from(stored.record.value).includes('checkout')).toBe(false);
  });

  test.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ] as const)('may come as %s and rests inflated', async (encoding, compress) => {
    const batch = someBatch({ events: Array.from({ length: 20 }, () => someEvent()) });
    const before = it.appended().length;
    const answer = await it.post(compress(encodeNdjson(batch)), { 'content-encoding': encoding });
    expect(answer.status).toBe(202);
    const stored = it.appended().find((one) => toHex(one.received.batchId) === toHex(batch.batchId));
    expect(stored?.received.sealed.length).toBe(encodeNdjson(batch).length + 48);
    expect(it.appended().length).toBe(before + 1);
  });

  test('may be JSON', async () => {
    const { header, events } = someBatch();
    const answer = await it.post(JSON.stringify({ header, events }), {
      'content-type': 'application/json; charset=utf-8',
    });
    expect(answer.status).toBe(202);
    expect(it.appended().at(-1)?.received.format).toBeDefined();
  });

  test('may have as many bytes as the limit', async () => {
    const batch = someBatch({
      events: [someEvent({ scopes: { big: { salt: '0a'.repeat(16), data: 'x'.repeat(990_000) } } })],
    });
    expect((await it.post(encodeNdjson(batch))).status).toBe(202);
  });

  test('that was let in before is answered with its first position and not appended again', async () => {
    const batch = someBatch();
    const first = (await (await it.post(encodeNdjson(batch))).json()) as { partition: number; offset: number };
    await it.admission.admit(first.partition, [
      {
        batchId: batch.batchId,
        app: app.publicKey,
        wallet: wallet.publicKey,
        rootVersion: 1,
        origin: first.offset,
        issuedAt: batch.header.issuedAt,
        retryOf: null,
      },
    ]);
    const before = it.appended().length;
    const again = await it.post(encodeNdjson(batch));
    expect([again.status, await again.json()]).toEqual([202, { ...first, batchId: toHex(batch.batchId) }]);
    expect(it.appended().length).toBe(before);
  });

  test('shares its send with others that wait', async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const sizes: number[] = [];
    const shared = await startMemoryApi({
      partitionOf: () => 0,
      writer: {
        async send(_topic, _partition, records) {
          sizes.push(records.length);
          if (sizes.length === 1) await held;
          return sizes.slice(0, -1).reduce((sum, size) => sum + size, 0);
        },
        close: async () => undefined,
      },
    });
    const answers = Promise.all(Array.from({ length: 30 }, () => shared.post(someBody())));
    const waitingBytes = async () =>
      Number(/ddc_api_waiting_bytes\{[^}]*\} (\d+)/.exec(await shared.metrics.text())?.[1]);
    await eventually('29 records wait', async () => ((await waitingBytes()) > 29 * 400 ? true : null), 10_000);
    release();
    const offsets = await Promise.all(
      (await answers).map(async (one) => ((await one.json()) as { offset: number }).offset),
    );
    expect(sizes[0]).toBe(1);
    expect(sizes[1]).toBeGreaterThan(10);
    expect(offsets.sort((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, offset) => offset));
    await shared.api.close();
  });
});

describe('a batch that cannot be taken', () => {
  test('of an app that is not registered: 403', async () => {
    const other = toHex(new Uint8Array(32).fill(9));
    await refused(someBody({ app: other }), 403, 'unknown_app');
  });

  test('of a closed app: 403; of an unpaid one: 402', async () => {
    const closed = await startMemoryApi();
    await closed.apps.add({ app: app.publicKey, tier: 'free', open: false });
    await refused(someBody(), 403, 'app_closed', closed);
    await closed.api.close();
    const unpaid = await startMemoryApi();
    await unpaid.apps.setUnpaid(app.publicKey, true);
    await refused(someBody(), 402, 'unpaid', unpaid);
    await unpaid.api.close();
  });

  test('of an erased wallet: 410', async () => {
    const erased = await startMemoryApi();
    const owner = { app: app.publicKey, wallet: wallet.publicKey };
    await erased.vault.transit([owner]);
    await erased.vault.erase(owner);
    const api = await startMemoryApi({ vault: erased.vault.reopen() });
    await refused(someBody(), 410, 'erased', api);
    await Promise.all([api.api.close(), erased.api.close()]);
  });

  test('signed before the erasure of a wallet that was opened again, or by a clock that is behind: 409, not accepted and voided', async () => {
    const first = await startMemoryApi();
    const owner = { app: app.publicKey, wallet: wallet.publicKey };
    await first.vault.transit([owner]);
    const issuedAt = Date.now() + 60_000;
    const erasure = { ...owner, id: new Uint8Array(16), issuedAt, fence: 7, rootVersions: [] };
    first.vault.tables.erasures.push(erasure);
    const api = await startMemoryApi({ vault: first.vault.reopen() });
    await refused(someBody(), 409, 'older_than_erasure', api);
    await refused(someBody({ issuedAt }), 409, 'older_than_erasure', api);
    expect((await api.post(someBody({ issuedAt: issuedAt + 1 }))).status).toBe(202);
    await Promise.all([api.api.close(), first.api.close()]);
  });

  test('while Kafka or PostgreSQL is away: 503 with Retry-After, never a 202', async () => {
    const away = async (): Promise<never> => {
      throw new RetriableError('away', 'away');
    };
    const noKafka = await startMemoryApi({ writer: { send: away, close: async () => undefined } });
    const answer = await noKafka.post(someBody());
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await answer.json()).toMatchObject({ code: 'unavailable' });
    const noDatabase = await startMemoryApi({ admission: { origins: away } });
    await refused(someBody(), 503, 'unavailable', noDatabase);
    await Promise.all([noKafka.api.close(), noDatabase.api.close()]);
  });

  test('because of a bug: 500, and nothing of the bug is shown', async () => {
    const api = await startMemoryApi({
      admission: {
        origins: async () => {
          throw new TypeError('a secret detail');
        },
      },
    });
    const answer = await api.post(someBody());
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain('secret');
    await api.api.close();
  });
});

describe('overload', () => {
  let stuck: MemoryApi;
  beforeEach(async () => {
    stuck = await startMemoryApi(
      {
        partitionOf: () => 0,
        writer: { send: () => new Promise<number>(() => undefined), close: async () => undefined },
        limits: { waitingBytes: 8_000, walletBytes: 4_000, bodyBytes: 100_000 },
      },
      { stopTimeoutMs: 10 },
    );
  });

  test('one wallet waits too much: 429; all together: 503; with Retry-After', async () => {
    const ac = new AbortController();
    const codes: string[] = [];
    const sendAll = async (count: number) => {
      const sent = Array.from({ length: count }, () =>
        fetch(`${stuck.url}/v1/batches`, {
          method: 'POST',
          headers: { 'content-type': 'application/x-ndjson' },
          body: Buffer.from(someBody()),
          signal: ac.signal,
        }).then(
          async (answer) => {
            expect(answer.headers.get('retry-after')).toBe('1');
            codes.push(((await answer.json()) as { code: string }).code);
            if (codes.length === 1) refusedOne();
          },
          () => undefined,
        ),
      );
      return sent;
    };
    let refusedOne: () => void = () => undefined;
    const one = new Promise<void>((resolve) => {
      refusedOne = resolve;
    });
    const sent = await sendAll(12);
    await one;
    ac.abort();
    await Promise.all(sent);
    expect(new Set(codes)).toEqual(new Set(['wallet_rate']));
    await stuck.api.close();
  });

  test('bodies beyond the memory that they may take: 503', async () => {
    const large = someEvent({ scopes: { big: { salt: '0a'.repeat(16), data: 'x'.repeat(120_000) } } });
    await refused(someBody({ events: [large] }), 503, 'overloaded', stuck);
    expect(await stuck.metrics.text()).toMatch(/ddc_api_body_bytes\{[^}]*\} 0/);
    await stuck.api.close();
  });
});

async function refused(body: Uint8Array, status: number, code: string, api: MemoryApi = it): Promise<void> {
  const before = api.appended().length;
  const answer = await api.post(body);
  expect([answer.status, await answer.json()]).toEqual([status, expect.objectContaining({ code, status })]);
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  expect(api.appended().length).toBe(before);
}
