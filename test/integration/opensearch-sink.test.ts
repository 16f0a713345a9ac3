import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createSink } from '../../connectors/sinks/index.ts';
import { dropIndices } from '../../connectors/sinks/opensearch/trial.ts';
import opensearch from '../../connectors/sinks/opensearch.ts';
import type { SinkContext } from '../../services/pipeline/define-sink.ts';
import type { KeepRows, Sink } from '../../services/pipeline/ports/sink.ts';
import { sinkContract } from '../contract/sink.ts';
import { type HttpProxy, startHttpProxy } from '../support/http-proxy.ts';
import { eventually } from '../support/room-process.ts';
import { deliveryOf, PURCHASE, removalOf, sinkRow } from '../support/sink-rows.ts';
import { targetOf } from '../support/targets.ts';

const START_MS = 120_000;
const TOO_MANY = 10_001;

let node: string;
let proxy: HttpProxy;
let run = 0;
const sinks: Sink[] = [];
const index = () => `shop${run}`;

beforeAll(async () => {
  node = await targetOf('opensearch');
  proxy = await startHttpProxy(node);
}, START_MS);
afterAll(() => proxy.close());
beforeEach(() => {
  run += 1;
});
afterEach(async () => {
  proxy.fate = () => ({ kind: 'pass' });
  for (const sink of sinks.splice(0)) await sink.close();
  await dropIndices(node, index());
});

async function open(config: object = {}, reach: NonNullable<SinkContext['reach']> = () => {}): Promise<Sink> {
  const sink = createSink(
    'opensearch',
    { node, index: index(), replicas: 0, ...config },
    { log: 'f6', name: 'shop', reach },
  );
  sinks.push(sink);
  await sink.check();
  return sink;
}

// biome-ignore lint/suspicious/noExplicitAny: what a cluster answers is looked into member by member
async function ask(method: string, path: string, body?: unknown): Promise<any> {
  const lines = typeof body === 'string';
  const response = await fetch(`${node}${path}`, {
    method,
    headers: { 'content-type': lines ? 'application/x-ndjson' : 'application/json' },
    ...(body === undefined ? {} : { body: lines ? body : JSON.stringify(body) }),
  });
  return response.json();
}

async function search(table: string, body: object) {
  await ask('POST', `/${index()}-${table}/_refresh`);
  return ask('POST', `/${index()}-${table}/_search`, body);
}
/** Places of the documents that are there, `<origin>.<slot>`. */
async function places(table = 'purchase'): Promise<string[]> {
  const found = await search(table, { size: 1_000, sort: ['origin', 'slot'], _source: ['origin', 'slot'] });
  return found.hits.hits.map(
    (hit: { _source: { origin: number; slot: number } }) => `${hit._source.origin}.${hit._source.slot}`,
  );
}

const failure = (call: Promise<unknown>) =>
  call.then(
    () => ({ code: 'none', message: 'it did not fail' }),
    ({ code, message }: { code: string; message: string }) => ({ code, message }),
  );
const isBulk = (url: string) => url.startsWith('/_bulk');

sinkContract(opensearch);

describe('opensearch', () => {
  it('calculates with typed fields, finds what stands together, and has a template for each table', async () => {
    const sink = await open();
    const rows = [sinkRow(0, 0), sinkRow(0, 1, { amount: 1n, lines: [{ sku: 'x', pieces: 5 }] })];
    await sink.put(rows, deliveryOf(0, 0));
    const together = (pieces: number) => ({
      nested: {
        path: 'lines',
        query: { bool: { filter: [{ term: { 'lines.sku': 'x' } }, { term: { 'lines.pieces': pieces } }] } },
      },
    });
    const aggs = { sum: { sum: { field: 'amount' } } };
    const exact = { field: 'bought_at.nanos', format: 'strict_date_optional_time_nanos' };
    const { aggregations, hits } = await search('purchase', { size: 1, aggs, docvalue_fields: [exact] });
    expect(aggregations.sum.value).toBe(12.51);
    expect(hits.hits[0].fields).toEqual({ 'bought_at.nanos': ['2026-01-01T12:00:00.123456Z'] });
    expect((await search('purchase', { query: together(5) })).hits.hits).toHaveLength(1);
    expect((await search('purchase', { query: { term: { tags: 'blue' } } })).hits.hits).toHaveLength(2);
    const { index_templates } = await ask('GET', `/_index_template/${index()}-purchase`);
    expect(index_templates[0].index_template.template.mappings.properties.amount).toEqual({
      type: 'scaled_float',
      scaling_factor: 100,
    });
  });

  it('leaves a row where it is that was written, and not counted, before its type had a schema', async () => {
    const died = await open({}, (step) => {
      if (step === 'written') throw new Error('killed here');
    });
    const text = { ...PURCHASE, name: 'events', version: 0, columns: [{ name: 'scope_a', type: 'string' as const }] };
    const before = [0, 1].map((slot) => sinkRow(0, slot, { scope_a: 'x' }, { table: text }));
    expect(await failure(died.put(before, deliveryOf(0, 0)))).toMatchObject({ message: 'killed here' });
    const next = await open();
    const now = [...[0, 1].map((slot) => sinkRow(0, slot)), sinkRow(1, 0)];
    expect(await next.put(now, deliveryOf(0, 1))).toBe(true);
    expect([await places('events'), await places()]).toEqual([['0.0', '0.1'], ['1.0']]);
    expect(await next.put([sinkRow(2, 0)], deliveryOf(2, 2))).toBe(true);
    expect(await places()).toEqual(['1.0', '2.0']);
  });

  it('adds the fields of a later version, and refuses in words an index that holds something else', async () => {
    const sink = await open();
    await sink.put([sinkRow(0, 0)], deliveryOf(0, 0));
    const later = { ...PURCHASE, version: 2, columns: [...PURCHASE.columns, { name: 'shop', type: 'long' as const }] };
    await sink.put([sinkRow(1, 0, { shop: 9n }, { table: later })], deliveryOf(1, 1));
    expect((await search('purchase', { query: { range: { shop: { gt: 8 } } } })).hits.hits).toHaveLength(1);
    await ask('PUT', `/${index()}-sold`, { mappings: { properties: { amount: { type: 'text' } } } });
    const sold = sinkRow(2, 0, {}, { table: { ...PURCHASE, name: 'sold' } });
    const { code, message } = await failure(sink.put([sold], deliveryOf(2, 2)));
    expect([code, message]).toEqual([
      'sink_table_differs',
      expect.stringMatching(/amount.*text.*scaled_float.*Reindex it/),
    ]);
  });

  it('puts what the cluster refuses, and what it would not hold exactly, into _rejected with the reason', async () => {
    const sink = await open();
    const lines = Array.from({ length: TOO_MANY }, () => ({ sku: 'x', pieces: 1 }));
    const rows = [sinkRow(0, 0, { lines }), sinkRow(0, 1, { amount: 2n ** 52n + 1n }), sinkRow(0, 2)];
    expect(await sink.put(rows, deliveryOf(0, 0))).toBe(true);
    expect(await places()).toEqual(['0.2']);
    const { hits } = await search('_rejected', {
      sort: ['slot'],
      _source: ['slot', 'of', 'reason', 'detail', 'wallet'],
    });
    const { wallet } = sinkRow(0, 0);
    expect(hits.hits.map((hit: { _source: unknown }) => hit._source)).toEqual([
      {
        slot: 0,
        wallet,
        of: 'PURCHASE',
        reason: 'refused',
        detail: expect.stringContaining('nested documents has exceeded'),
      },
      {
        slot: 1,
        wallet,
        of: 'PURCHASE',
        reason: 'unstorable',
        detail: 'amount is 45035996273704.97, of which OpenSearch would lose digits',
      },
    ]);
    // What was sent again is refused again, and stands there once.
    expect(await sink.put(rows, deliveryOf(0, 0))).toBe(true);
    expect(await places('_rejected')).toEqual(['0.0', '0.1']);
  });

  it('shows each row once when it dies between the rows and their position', async () => {
    const dying = await open({}, (step) => {
      if (step === 'written') throw new Error('killed');
    });
    await expect(dying.put([sinkRow(0, 0), sinkRow(1, 0)], deliveryOf(0, 1))).rejects.toThrow('killed');
    const next = await open();
    expect(await next.position(0)).toEqual({ next: 0, mark: -1 });
    expect(await places()).toEqual(['0.0', '1.0']);
    expect(await next.put([sinkRow(0, 0), sinkRow(1, 0), sinkRow(2, 0)], deliveryOf(0, 2))).toBe(true);
    expect(await places()).toEqual(['0.0', '1.0', '2.0']);
  });

  it('erases and removes also after it died between taking the name of an index and making the index', async () => {
    const { app, wallet } = sinkRow(0, 0);
    const dying = await open();
    await dying.put([sinkRow(0, 0)], deliveryOf(0, 0));
    await ask('DELETE', `/${index()}-purchase`);
    const next = await open();
    expect(await next.erase([{ app, wallet, before: 1, issuedAt: 1 }])).toEqual([0]);
    expect(await next.remove([removalOf(sinkRow(1, 0))])).toEqual([0]);
    expect(await next.put([sinkRow(1, 0)], deliveryOf(1, 1))).toBe(true);
    expect(await places()).toEqual(['1.0']);
  });
});

describe('an opensearch that does not do as it should', () => {
  const rows = Array.from({ length: 10 }, (_, slot) => sinkRow(0, slot));
  const all = rows.map(({ slot }) => `0.${slot}`);

  it('is sent again the items that it had no room for, and those alone, after as long as it wants', async () => {
    const sink = await open({ node: proxy.url });
    const sent: number[] = [];
    let at = 0;
    let waited = 0;
    proxy.fate = ({ url, body }) => {
      if (!isBulk(url)) return { kind: 'pass' };
      sent.push(body.split('\n').length >> 1);
      if (sent.length === 1) return { kind: 'half', items: 4 };
      if (sent.length === 2) {
        at = performance.now();
        return { kind: 'answer', status: 429, body: '{"error":"too many"}', headers: { 'retry-after': '1' } };
      }
      waited = performance.now() - at;
      return { kind: 'pass' };
    };
    expect(await sink.put(rows, deliveryOf(0, 0))).toBe(true);
    expect(sent).toEqual([10, 6, 6]);
    expect(waited).toBeGreaterThanOrEqual(990);
    expect(await places()).toEqual(all);
  });

  it('that answers 429 for long is told of in words, and the delivery is whole once it has room', async () => {
    const sink = await open({ node: proxy.url });
    let room = false;
    const busy = {
      kind: 'answer',
      status: 429,
      body: '{"error":{"type":"busy","reason":"no room"}}',
      headers: { 'retry-after': '0' },
    } as const;
    proxy.fate = ({ url }) => (room || !isBulk(url) ? { kind: 'pass' } : busy);
    const { code, message } = await failure(sink.put(rows, deliveryOf(0, 0)));
    expect([code, message]).toEqual(['sink_unavailable', expect.stringContaining('too much to do')]);
    room = true;
    expect(await sink.put(rows, deliveryOf(0, 0))).toBe(true);
    expect(await places()).toEqual(all);
  });

  it('is asked nothing while it wants to be left alone, whatever it was asked when it said so', async () => {
    const sink = await open({ node: proxy.url });
    let asked = 0;
    proxy.fate = () => {
      asked += 1;
      return asked > 1
        ? { kind: 'pass' }
        : { kind: 'answer', status: 429, body: '{"error":"busy"}', headers: { 'retry-after': '2' } };
    };
    const began = performance.now();
    expect(await failure(sink.position(0))).toMatchObject({ code: 'sink_unavailable' });
    const last = async () => {
      const { code, message } = await failure(sink.put(rows, deliveryOf(0, 0)));
      if (code === 'none') return performance.now() - began;
      expect([asked, code, message]).toEqual([
        1,
        'sink_unavailable',
        expect.stringMatching(/left alone for [12] s more/),
      ]);
      return null;
    };
    expect(await last()).toBeNull();
    expect(await eventually('it may be asked again', last, 20_000)).toBeGreaterThanOrEqual(1_990);
    expect(await places()).toEqual(all);
  });

  it('is given up when it hangs, or its answer is lost, and holds nothing twice afterwards', async () => {
    const sink = await open({ node: proxy.url, requestTimeoutMs: 4_000 });
    let silent = true;
    proxy.fate = ({ url }) => (silent && isBulk(url) ? { kind: 'silence' } : { kind: 'pass' });
    expect(await failure(sink.put(rows, deliveryOf(0, 0)))).toMatchObject({
      code: 'sink_unavailable',
      message: expect.stringContaining('requestTimeoutMs'),
    });
    silent = false;
    let lost = 0;
    proxy.fate = ({ method, url }) => {
      const loses = lost < 2 && (isBulk(url) ? lost === 0 : method === 'PUT' && url.includes('position-0'));
      if (loses) lost += 1;
      return { kind: loses ? 'lose' : 'pass' };
    };
    // The rows are there, then the position is: each time nobody hears of it.
    expect(await failure(sink.put(rows, deliveryOf(0, 0)))).toMatchObject({ code: 'sink_unavailable' });
    expect(await failure(sink.put(rows, deliveryOf(0, 0)))).toMatchObject({ code: 'sink_unavailable' });
    expect(await sink.put(rows, deliveryOf(0, 0))).toBe(true);
    expect(await sink.position(0)).toEqual({ next: 1, mark: 0 });
    expect(await places()).toEqual(all);
  });

  it('is told of in words when it takes no writes, and nobody hears of rows or passwords in its errors', async () => {
    const sink = await open({ node: proxy.url, username: 'u', password: 'pa55word' });
    await sink.put([sinkRow(0, 0)], deliveryOf(0, 0));
    await ask('PUT', `/${index()}-purchase/_settings`, { 'index.blocks.read_only_allow_delete': true });
    const error = await sink
      .put([sinkRow(1, 0, { itemName: 'plaintext' })], deliveryOf(1, 1))
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'sink_unavailable', message: expect.stringContaining('free space there') });
    const { inspect } = await import('node:util');
    expect(inspect(error, { depth: 9, showHidden: true })).not.toMatch(/plaintext|pa55word|cGE1NXdvcmQ/);
    await ask('PUT', `/${index()}-purchase/_settings`, { 'index.blocks.read_only_allow_delete': null });
    expect(await sink.put([sinkRow(1, 0)], deliveryOf(1, 1))).toBe(true);
    expect(await places()).toEqual(['0.0', '1.0']);
  });

  it('takes nothing from a member that slept with its rows in hand while they were removed', async () => {
    const slow = await open({ node: proxy.url });
    const other = await open();
    await slow.put([sinkRow(0, 0)], deliveryOf(0, 0));
    let held = { url: '', body: '' };
    let wake = () => {};
    const woken = new Promise<void>((resolve) => {
      wake = resolve;
    });
    const asleep = new Promise<void>((resolve) => {
      proxy.fate = ({ url, body }) => {
        if (!isBulk(url) || held.body !== '') return { kind: 'pass' };
        held = { url, body };
        resolve();
        return { kind: 'pass', when: woken };
      };
    });
    let gone: readonly number[] = [];
    const keep: KeepRows = async (asked) => asked.filter(({ slot }) => !gone.includes(slot));
    const put = slow.put([sinkRow(1, 0), sinkRow(1, 1)], deliveryOf(1, 1), keep);
    await asleep;
    gone = [1];
    expect(await other.remove([removalOf(sinkRow(0, 0), sinkRow(1, 1))])).toEqual([1]);
    wake();
    expect(await put).toBe(true);
    expect(await places()).toEqual(['1.0']);
    // The control: the same bytes past the fence.
    await ask('POST', '/_bulk?refresh=true', held.body);
    expect(await places()).toEqual(['1.0', '1.1']);
  });

  it('goes on when somebody has deleted the pipeline that its rows go through', async () => {
    const sink = await open();
    await sink.put([sinkRow(0, 0)], deliveryOf(0, 0));
    await ask('DELETE', `/_ingest/pipeline/ddc-books-${index()}-*`);
    expect(await sink.put([sinkRow(1, 0)], deliveryOf(1, 1))).toBe(true);
    expect(await places()).toEqual(['0.0', '1.0']);
  });
});
