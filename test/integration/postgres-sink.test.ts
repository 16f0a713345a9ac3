import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { createSink } from '../../connectors/sinks/index.ts';
import type { Sink } from '../../services/pipeline/ports/sink.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { deliveryOf, PURCHASE, removalOf, sinkRow } from '../support/sink-rows.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';

let database: TestDatabase;
let proxy: TcpProxy;
let schema = 0;
const sinks: Sink[] = [];

beforeAll(async () => {
  database = await openTestDatabase('postgres_sink');
  const { hostname, port } = new URL(database.url);
  proxy = await startTcpProxy(hostname, Number(port || 5432));
});
afterAll(async () => {
  proxy.close();
  await database.close();
});
beforeEach(() => {
  schema += 1;
});
afterEach(async () => {
  proxy.mode = 'pass';
  for (const sink of sinks.splice(0)) await sink.close();
});

const through = () => {
  const url = new URL(database.url);
  url.port = String(proxy.port);
  return url.href;
};

function make(config: object = {}): Sink {
  const given = { url: database.url, tls: 'off', schema: `shop_${schema}`, ...config };
  const sink = createSink('postgres', given, { log: 'f6', name: 'shop' });
  sinks.push(sink);
  return sink;
}

async function open(config: object = {}): Promise<Sink> {
  const sink = make(config);
  await sink.check();
  return sink;
}

const ask = async (statement: string) =>
  (await sql.raw<Record<string, unknown>>(statement).execute(database.kysely)).rows;
const count = async () => Number((await ask(`SELECT count(*) AS n FROM shop_${schema}.purchase`))[0]?.n);

/** What a call that must fail says. */
const failure = (call: Promise<unknown>) =>
  call.then(
    () => ({ code: 'none', message: 'it did not fail' }),
    ({ code, message }: { code: string; message: string }) => ({ code, message }),
  );

describe('postgres', () => {
  it('is SQL over typed columns, whose names need no quotes', async () => {
    const sink = await open();
    const rows = [sinkRow(0, 0), sinkRow(0, 1, { amount: -5n, tags: null, lines: [] })];
    expect(await sink.put(rows, deliveryOf(0, 0))).toBe(true);
    const [sums] = await ask(`SELECT sum(amount)::text AS sum, count(*) FILTER (WHERE 'blue' = ANY (tags)) AS blue,
      sum((line->>'pieces')::int) AS pieces, min(itemName) AS name, to_char(min(bought_at AT TIME ZONE 'UTC'), 'HH24:MI:SS.US') AS at
      FROM shop_${schema}.purchase LEFT JOIN jsonb_array_elements(lines) AS line ON true WHERE slot = 0`);
    expect(sums).toEqual({ sum: '25.00', blue: 2, pieces: 7, name: 'lamp', at: '12:00:00.123456' });
    const types =
      await ask(`SELECT column_name AS name, format('%s %s,%s', data_type, numeric_precision, numeric_scale) AS type
      FROM information_schema.columns WHERE table_schema = 'shop_${schema}' AND column_name IN ('amount', 'lines', 'tags', 'time', 'verified') ORDER BY 1`);
    expect(types.filter(({ type }) => !String(type).includes('_'))).toEqual([
      { name: 'amount', type: 'numeric 18,2' },
      { name: 'lines', type: 'jsonb ,' },
      { name: 'tags', type: 'ARRAY ,' },
      { name: 'time', type: 'timestamp with time zone ,' },
      { name: 'verified', type: 'boolean ,' },
    ]);
  });

  it('gives a second table a name of its own where two differ only in case', async () => {
    const sink = await open();
    const other = { ...PURCHASE, name: 'purchase' };
    await sink.put([sinkRow(0, 0), sinkRow(0, 1, {}, { table: other })], deliveryOf(0, 0));
    const names = await ask(`SELECT name, relation FROM shop_${schema}._ddc_tables ORDER BY relation`);
    expect(names).toEqual([
      { name: 'PURCHASE', relation: 'purchase' },
      { name: 'purchase', relation: expect.stringMatching(/^purchase_[0-9a-f]{8}$/) },
    ]);
  });

  it('puts what a text cannot hold into _rejected, and every other row where it belongs', async () => {
    const sink = await open();
    const [nul, half] = [sinkRow(0, 0, { itemName: 'a\0b' }), sinkRow(0, 1, { lines: [{ sku: '\ud800', pieces: 1 }] })];
    await sink.put([nul, half, sinkRow(0, 2)], deliveryOf(0, 0));
    expect(await ask(`SELECT slot, of, reason, detail FROM shop_${schema}._rejected ORDER BY slot`)).toEqual([
      {
        slot: 0,
        of: 'PURCHASE',
        reason: 'unstorable',
        detail: expect.stringContaining('itemName holds the character U+0000'),
      },
      {
        slot: 1,
        of: 'PURCHASE',
        reason: 'unstorable',
        detail: expect.stringContaining('lines sku holds half of a surrogate'),
      },
    ]);
    expect(await count()).toBe(1);
  });

  it('refuses in words a table that holds something else, and takes one that somebody made to fit', async () => {
    await ask(`CREATE SCHEMA shop_${schema}`);
    await ask(`CREATE TABLE shop_${schema}.purchase (amount text, customer text NOT NULL)`);
    const sink = await open();
    const { code, message } = await failure(sink.put([sinkRow(0, 0)], deliveryOf(0, 0)));
    expect(code).toBe('sink_table_differs');
    expect(message).toMatch(
      /column amount is text, and the export writes numeric\(18,2\); column customer needs a value/,
    );
    await ask(`DROP TABLE shop_${schema}.purchase`);
    await ask(
      `CREATE TABLE shop_${schema}.purchase (amount numeric(18,2), note text, day date GENERATED ALWAYS AS (date '2026-01-01') STORED)`,
    );
    expect(await sink.put([sinkRow(0, 0)], deliveryOf(0, 0))).toBe(true);
    expect(await count()).toBe(1);
  });

  it('adds the columns of a later version to what is there', async () => {
    const sink = await open();
    await sink.put([sinkRow(0, 0)], deliveryOf(0, 0));
    const later = { ...PURCHASE, version: 2, columns: [...PURCHASE.columns, { name: 'shop', type: 'long' as const }] };
    await sink.put([sinkRow(1, 0, { shop: 9n }, { table: later }), sinkRow(1, 1)], deliveryOf(1, 1));
    expect(await ask(`SELECT origin, slot, shop FROM shop_${schema}.purchase ORDER BY origin, slot`)).toEqual([
      { origin: 0, slot: 0, shop: null },
      { origin: 1, slot: 0, shop: 9 },
      { origin: 1, slot: 1, shop: null },
    ]);
  });

  it('makes a table anew that was dropped behind it', async () => {
    const sink = await open();
    await sink.put([sinkRow(0, 0)], deliveryOf(0, 0));
    await ask(`DROP TABLE shop_${schema}.purchase`);
    const { code, message } = await failure(sink.put([sinkRow(1, 0)], deliveryOf(1, 1)));
    expect([code, message]).toEqual(['sink_unavailable', expect.stringContaining('dropped or changed behind it')]);
    expect(await sink.put([sinkRow(1, 0)], deliveryOf(1, 1))).toBe(true);
    expect(await count()).toBe(1);
  });
});

describe('a postgres that does not do as it should', () => {
  it('is waited for while nobody is there, and delivers once it is', async () => {
    proxy.mode = 'refuse';
    const sink = make({ url: through() });
    expect(await failure(sink.check())).toMatchObject({
      code: 'sink_unavailable',
      message: expect.stringContaining('See that it runs'),
    });
    proxy.mode = 'pass';
    await sink.check();
    await sink.put([sinkRow(0, 0)], deliveryOf(0, 0));
    proxy.mode = 'refuse';
    expect(await failure(sink.put([sinkRow(1, 0)], deliveryOf(1, 1)))).toMatchObject({ code: 'sink_unavailable' });
    proxy.mode = 'pass';
    expect(await sink.put([sinkRow(1, 0)], deliveryOf(1, 1))).toBe(true);
    expect(await count()).toBe(2);
  });

  it('is given up when it hangs, and holds nothing twice afterwards', async () => {
    const sink = await open({ url: through(), statementTimeoutMs: 500, connectTimeoutMs: 500 });
    await sink.put([sinkRow(0, 0)], deliveryOf(0, 0));
    proxy.mode = 'hang';
    const hung = failure(sink.put([sinkRow(1, 0)], deliveryOf(1, 1)));
    const told = failure(sink.remove([removalOf(sinkRow(0, 0))]));
    expect(await hung).toMatchObject({ code: 'sink_unavailable' });
    expect(await told).toMatchObject({ code: 'sink_unavailable' });
    proxy.mode = 'pass';
    expect(await sink.put([sinkRow(1, 0)], deliveryOf(1, 1))).toBe(true);
    expect(await sink.remove([removalOf(sinkRow(0, 0))])).toEqual([1]);
    expect(await count()).toBe(1);
  });

  it('has what it committed, also when nobody heard of it', async () => {
    const sink = await open({ url: through() });
    await sink.put([sinkRow(0, 0)], deliveryOf(0, 0));
    // With the end of the statement: transactions begin READ COMMITTED.
    proxy.loseAnswerTo = 'COMMIT\0';
    expect(await failure(sink.put([sinkRow(1, 0)], deliveryOf(1, 1)))).toMatchObject({ code: 'sink_unavailable' });
    expect(proxy.loseAnswerTo).toBe(null);
    expect(await sink.position(0)).toEqual({ next: 2, mark: 1 });
    expect(await sink.put([sinkRow(1, 0)], deliveryOf(1, 1))).toBe(true);
    expect(await count()).toBe(2);
  });

  it('says what to do when it takes too long, speaks no TLS, or may not be written', async () => {
    const sink = await open({ statementTimeoutMs: 300 });
    await sink.put([sinkRow(0, 0)], deliveryOf(0, 0));
    const slow = await database.kysely.transaction().execute(async (tx) => {
      await sql.raw(`LOCK TABLE shop_${schema}.purchase IN ACCESS EXCLUSIVE MODE`).execute(tx);
      return failure(sink.put([sinkRow(1, 0)], deliveryOf(1, 1)));
    });
    expect(slow).toMatchObject({ code: 'sink_unavailable', message: expect.stringContaining('statementTimeoutMs') });
    expect(await sink.put([sinkRow(1, 0)], deliveryOf(1, 1))).toBe(true);

    const plain = await failure(make({ tls: 'verify' }).check());
    expect(plain).toMatchObject({ code: 'sink_unavailable', message: expect.stringContaining('set `tls` to `off`') });

    const role = `reader_${schema}_${Math.floor(performance.now())}`;
    await ask(`CREATE ROLE ${role} LOGIN PASSWORD 'x'`);
    const url = new URL(database.url);
    url.username = role;
    url.password = '';
    const refused = await failure(make({ url: url.href, password: 'x', schema: `shop_${schema}_new` }).check());
    expect(refused).toMatchObject({
      code: 'sink_unavailable',
      message: expect.stringContaining('Grant the user of this export CREATE'),
    });
    expect(refused.message).not.toContain('postgres://');
    await ask(`DROP ROLE ${role}`);
  });

  it('lets a delivery through that removals overtake again and again', async () => {
    const [sink, other] = [await open(), await open()];
    let asked = 0;
    const removals: Promise<unknown>[] = [];
    const moved = await sink.put([sinkRow(0, 0), sinkRow(0, 1)], deliveryOf(0, 0), async (rows) => {
      asked += 1;
      const removal = other.remove([removalOf(sinkRow(9, asked))]);
      removals.push(removal);
      // Once the delivery holds its place the removal waits for it.
      if (asked <= 2) await removal;
      return rows;
    });
    await Promise.all(removals);
    expect([moved, asked]).toEqual([true, 3]);
    expect(await count()).toBe(2);
  });
});
