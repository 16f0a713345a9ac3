import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type S3, startS3 } from '../support/s3.ts';
import { type Fate, refusal, type S3Proxy, type Seen, startS3Proxy } from '../support/s3-proxy.ts';
import { delivery, erasureOf, GONE, gate, heldAt, KEPT, row, type S3World, s3World } from '../support/s3-world.ts';
import { shown } from '../support/seen-rows.ts';

let s3: S3;
let world: S3World;
let proxy: S3Proxy;

beforeAll(async () => {
  s3 = await startS3();
}, 300_000);
afterAll(() => s3.close());

beforeEach(async () => {
  world = await s3World(s3);
  proxy = await startS3Proxy(s3.endpoint, s3.bucket);
});
afterEach(async () => {
  proxy.close();
  await world.close();
});

const versioning = (status: string): Fate => ({
  kind: 'answer',
  status: 200,
  body: `<VersioningConfiguration><Status>${status}</Status></VersioningConfiguration>`,
});
const isCommit = ({ method, key }: Seen) => method === 'PUT' && /\/_ddc\/0\/\d+\.json$/.test(key);

describe('what a listing shows', () => {
  it('is nothing of a delivery until it counts, and all of it afterwards', async () => {
    const [staged, committed] = [gate(), gate()];
    const sink = await world.open({}, async (step) => {
      await heldAt('staged', staged)(step);
      await heldAt('committed', committed)(step);
    });
    const put = sink.put([row(0)], delivery(0, 0));
    await staged.arrived;
    expect(await world.data()).toEqual([]);
    staged.open();
    await committed.arrived;
    expect(await world.data()).toEqual([]);
    committed.open();
    expect(await put).toBe(true);
    expect(await world.data()).toEqual(['p0-000000000000-000000000000-v0.parquet']);
    expect(await world.store.list('_ddc/0/staging/')).toEqual([]);
  });

  it('is what counts as soon as anybody opens the prefix again', async () => {
    const dying = await world.open({}, (step) => {
      if (step === 'committed') throw new Error('killed');
    });
    await expect(dying.put([row(0)], delivery(0, 0))).rejects.toThrow('killed');
    expect(await world.data()).toEqual([]);
    await world.open();
    expect(await world.rows()).toEqual(shown([row(0)]));
  });

  it('is never what a process brings that was overtaken on its way, also where that was erased meanwhile', async () => {
    const held = gate();
    const late = await world.open({ endpoint: proxy.endpoint });
    proxy.fate = ({ copy }) => {
      if (!copy) return { kind: 'pass' };
      held.arrive();
      return { kind: 'pass', when: held.opened };
    };
    const put = late.put([row(0, GONE), row(1)], delivery(0, 1));
    await held.arrived;
    const other = await world.open();
    expect(await world.rows()).toEqual(shown([row(0, GONE), row(1)]));
    await other.erase([erasureOf(GONE, 2)]);
    held.open();
    expect(await put).toBe(true);
    expect(await world.rows()).toEqual(shown([row(1)]));
  });

  it('is never what a process brings that was overtaken on its way, also where that was merged meanwhile', async () => {
    const held = gate();
    // Open already: at its start it would clear away what is staged.
    const other = await world.open({ smallFiles: 1, smallFileMinutes: 1e-9 });
    const late = await world.open({ endpoint: proxy.endpoint });
    proxy.fate = ({ copy }) => {
      if (!copy) return { kind: 'pass' };
      held.arrive();
      return { kind: 'pass', when: held.opened };
    };
    const put = late.put([row(0)], delivery(0, 0));
    await held.arrived;
    expect(await other.put([row(1)], delivery(1, 1))).toBe(true);
    const merged = ['p0-000000000000-000000000001-v0.parquet'];
    expect(await world.data()).toEqual(merged);
    held.open();
    expect(await put).toBe(true);
    expect(await world.data()).toEqual(merged);
    expect(await world.rows()).toEqual(shown([row(0), row(1)]));
  });
});

describe('compaction', () => {
  const few = { smallFiles: 4 };
  async function putMany(sink: Awaited<ReturnType<S3World['open']>>, from: number, to: number) {
    for (let n = from; n <= to; n += 1) expect(await sink.put([row(n)], delivery(n, n))).toBe(true);
  }
  const rowsOf = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => row(from + i));

  it('makes one object of small neighbours, with the same rows', async () => {
    const sink = await world.open(few);
    await putMany(sink, 0, 3);
    expect(await world.data()).toEqual(['p0-000000000000-000000000003-v0.parquet']);
    await putMany(sink, 4, 5);
    expect(await world.rows()).toEqual(shown(rowsOf(0, 5)));
    expect(await world.store.list('_ddc/changes/staging/')).toEqual([]);
  });

  it('leaves them where it is off, and merges the few that are old when they are', async () => {
    await putMany(await world.open({ smallFiles: 0 }), 0, 5);
    expect(await world.data()).toHaveLength(6);
    const sink = await world.open({ smallFiles: 100, smallFileMinutes: 1e-9 });
    // The store tells times in seconds, and under load they lag: what it has just written is old a little later.
    let last = 5;
    do {
      last += 1;
      await putMany(sink, last, last);
    } while ((await world.data()).length > 1 && last < 500);
    expect(await world.data()).toEqual([`p0-000000000000-${String(last).padStart(12, '0')}-v0.parquet`]);
    expect(await world.rows()).toEqual(shown(rowsOf(0, last)));
  });

  it('shows rows twice between its two requests, and whoever opens the prefix next makes the second', async () => {
    const sink = await world.open({ ...few, endpoint: proxy.endpoint, timeoutSeconds: 1 });
    await putMany(sink, 0, 2);
    let merging = false;
    proxy.fate = ({ key, method }) => {
      if (method === 'PUT' && key.includes('/_ddc/changes/0')) merging = true;
      return merging && method === 'POST' ? refusal(403, 'AccessDenied') : { kind: 'pass' };
    };
    await expect(sink.put([row(3)], delivery(3, 3))).rejects.toMatchObject({ code: 'sink_unavailable' });
    expect(await world.rows()).toHaveLength(8);
    const next = await world.open(few);
    expect(await world.rows()).toEqual(shown(rowsOf(0, 3)));
    expect(await next.put([row(3)], delivery(3, 3))).toBe(true);
    expect(await world.rows()).toEqual(shown(rowsOf(0, 3)));
  });

  it('brings nothing back that was erased while it was at work', async () => {
    const held = gate();
    const sink = await world.open(few, heldAt('drafted', held));
    for (let n = 0; n < 3; n += 1) await sink.put([row(n, n === 1 ? GONE : KEPT)], delivery(n, n));
    const last = sink.put([row(3)], delivery(3, 3));
    await held.arrived;
    await (await world.open()).erase([erasureOf(GONE, 4)]);
    held.open();
    expect(await last).toBe(true);
    expect(await world.rows()).toEqual(shown([row(0), row(2), row(3)]));
  });
});

describe('a store that behaves badly', () => {
  it('is asked again when it wants fewer requests, and then said to be busy', async () => {
    const sink = await world.open({ endpoint: proxy.endpoint });
    let refusals = 3;
    proxy.fate = () => {
      refusals -= 1;
      return refusals < 0 ? { kind: 'pass' } : refusal(503, 'SlowDown');
    };
    expect(await sink.put([row(0)], delivery(0, 0))).toBe(true);
    proxy.fate = () => refusal(429, 'TooManyRequests');
    await expect(sink.put([row(1)], delivery(1, 1))).rejects.toMatchObject({
      code: 'sink_unavailable',
      message: expect.stringMatching(/s3:\/\/exports\/.*TooManyRequests.*fewer requests/),
    });
    proxy.fate = () => ({ kind: 'pass' });
    expect(await sink.put([row(1)], delivery(1, 1))).toBe(true);
    expect(await world.rows()).toEqual(shown([row(0), row(1)]));
  }, 30_000);

  it('counts a delivery once whose answers are lost', async () => {
    const sink = await world.open({ endpoint: proxy.endpoint });
    const lost = new Set<string>();
    proxy.fate = ({ method, key, query }) => {
      const request = `${method} ${key}?${query}`;
      if (method === 'GET' || lost.has(request)) return { kind: 'pass' };
      lost.add(request);
      return { kind: 'lose' };
    };
    expect(await sink.put([row(0)], delivery(0, 0))).toBe(true);
    expect(lost.size).toBeGreaterThanOrEqual(4);
    proxy.fate = (seen) => (isCommit(seen) ? { kind: 'lose' } : { kind: 'pass' });
    // Whatever became of it, whoever asks next is told the truth.
    await sink
      .put([row(1)], delivery(1, 1))
      .catch((error) => expect(error).toMatchObject({ code: 'sink_unavailable' }));
    proxy.fate = () => ({ kind: 'pass' });
    expect(await sink.put([row(1)], delivery(1, 1))).toBe(true);
    expect(await world.rows()).toEqual(shown([row(0), row(1)]));
    expect(await sink.position(0)).toEqual({ next: 2, mark: 1 });
  }, 30_000);

  it('is said to be silent when it does not answer, and to be down when nobody is there', async () => {
    const sink = await world.open({ endpoint: proxy.endpoint, timeoutSeconds: 0.2 });
    proxy.fate = () => ({ kind: 'silence' });
    await expect(sink.position(0)).rejects.toMatchObject({
      code: 'sink_unavailable',
      message: expect.stringContaining('does not answer in time'),
    });
    proxy.close();
    await expect(sink.position(0)).rejects.toMatchObject({
      code: 'sink_unavailable',
      message: expect.stringMatching(/ECONNREFUSED.*down/),
    });
  }, 30_000);

  it('is refused when it writes over what it was told to keep', async () => {
    let writes = 0;
    proxy.fate = ({ method }) => {
      if (method === 'PUT') writes += 1;
      return method === 'PUT' && writes > 1 ? { kind: 'answer', status: 200, body: '' } : { kind: 'pass' };
    };
    await expect(world.open({ endpoint: proxy.endpoint })).rejects.toMatchObject({ code: 'sink_not_atomic' });
  });

  it.each<[string, Fate, string | null]>([
    ['it keeps old versions', versioning('Enabled'), 'sink_keeps_versions'],
    ['it has kept some', versioning('Suspended'), 'sink_keeps_versions'],
    ['its keys may not ask whether it does', refusal(403, 'AccessDenied'), 'sink_versions_untold'],
    ['it never did', { kind: 'answer', status: 200, body: '<VersioningConfiguration/>' }, null],
    ['it knows no versions', refusal(501, 'NotImplemented'), null],
    ['it knows no such question', refusal(405, 'MethodNotAllowed'), null],
  ])('%s: that it is used has to be accepted where erased rows could stay', async (_, fate, code) => {
    proxy.fate = ({ query }) => (query.startsWith('versioning') ? fate : { kind: 'pass' });
    const opened = world.open({ endpoint: proxy.endpoint });
    await (code === null ? expect(opened).resolves.toBeDefined() : expect(opened).rejects.toMatchObject({ code }));
    await world.open({ endpoint: proxy.endpoint, versions: true });
  });
});

describe('a configuration that is wrong', () => {
  it.each([
    ['a wrong secret', { secretAccessKey: 'wrong' }, /SignatureDoesNotMatch.*secret key is wrong/],
    ['a key that nobody has', { accessKeyId: 'nobody' }, /Set accessKeyId and secretAccessKey/],
    ['a bucket that is missing', { target: 's3://nowhere/x' }, /NoSuchBucket.*no such bucket/],
  ])('%s is told at the start, in words', async (_, config, message) => {
    await expect(world.open(config)).rejects.toMatchObject({
      code: 'sink_not_writable',
      message: expect.stringMatching(message),
    });
  });
});
