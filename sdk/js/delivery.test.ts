import { describe, expect, it } from '@jest/globals';
import { Delivery, type Held, type SignedBatch } from './delivery.ts';
import { BatchLost, BatchRefused } from './errors.ts';
import { openMemoryQueue } from './queue/batch-queue.ts';
import { Transport } from './transport.ts';

type Outcome = 'live' | 'dead' | 'erased' | 'unknown';

type Answer = number | 'no answer' | 'breaks off' | 'stale' | 'older' | 'moved' | 'quota' | 'unpaid';

/** An answer whose sender dies in the middle of it. */
function brokenOff(status: number): Response {
  const body = new ReadableStream({
    start: (out) => out.enqueue(new TextEncoder().encode('{"batches":[')),
    pull: (out) => out.error(new TypeError('terminated')),
  });
  return new Response(body, { status });
}

/** A service at the other end of `fetch`: what it answers to each send, and what it then says of the batch. */
class Service {
  readonly sends: string[] = [];
  readonly answers: Answer[];
  /** Calls for statuses that break off in the middle of the answer. */
  brokenStatuses = 0;
  readonly outcomeAfter: (sends: number) => Outcome;

  constructor(answers: Answer[], outcomeAfter: (sends: number) => Outcome = () => 'live') {
    this.answers = answers;
    this.outcomeAfter = outcomeAfter;
  }

  /** So many statuses say `encrypted` and no more. */
  notYetIndexed = 0;

  readonly fetch: typeof fetch = async (url, init) => {
    const text = new TextDecoder().decode(init?.body as Uint8Array);
    if (String(url).endsWith('/status')) {
      if (this.brokenStatuses-- > 0) return brokenOff(200);
      const { ids } = JSON.parse(text) as { ids: string[] };
      const outcome = this.outcomeAfter(this.sends.length);
      const reached = outcome === 'live';
      const indexed = reached && this.notYetIndexed-- <= 0;
      const stages = { encrypted: reached, pinned: indexed, indexed, settled: false };
      return Response.json({ batches: ids.map((batchId) => ({ batchId, stages, outcome })) });
    }
    const answer = this.answers[Math.min(this.sends.length, this.answers.length - 1)];
    this.sends.push(text);
    if (answer === 'no answer') throw new TypeError('connection reset');
    if (answer === 'breaks off') return brokenOff(202);
    if (answer === 'stale') return Response.json({ code: 'stale', detail: 'too old' }, { status: 422 });
    if (answer === 'moved') return Response.json({ code: 'subject_mismatch', detail: 'moved' }, { status: 409 });
    if (answer === 'quota')
      return Response.json(
        { code: 'quota_exceeded', detail: 'spent' },
        { status: 402, headers: { 'retry-after': '1' } },
      );
    if (answer === 'unpaid') return Response.json({ code: 'unpaid', detail: 'no money' }, { status: 402 });
    if (answer === 'older')
      return Response.json({ code: 'older_than_erasure', detail: 'signed before' }, { status: 409 });
    if (answer === 202) return Response.json({ batchId: text, partition: 0, offset: 1 }, { status: 202 });
    return Response.json({ code: 'some_code', detail: 'some reason' }, { status: answer as number });
  };
}

function deliveryTo(service: Service, onHeld?: (held: Held) => void): Delivery {
  return new Delivery({
    transport: new Transport({ endpoint: 'http://service', fetch: service.fetch, timeoutMs: 1000 }),
    concurrency: 4,
    statusEveryMs: 1,
    backoff: { firstMs: 2, longestMs: 8 },
    now: Date.now,
    random: () => 0.5,
    ...(onHeld ? { onHeld } : {}),
  });
}

const parcel = (batchId: string) => () => ({ batchId, body: new TextEncoder().encode(batchId) });
const nobody = () => undefined;

/** A source of its own, and its queue. */
function openSource(delivery: Delivery) {
  const queue = openMemoryQueue('00'.repeat(16));
  return { queue, source: delivery.openSource(queue) };
}

const submit = async (
  delivery: Delivery,
  { queue, source }: ReturnType<typeof openSource>,
  sign: (seq: number) => SignedBatch,
  onAccepted: (batchId: string) => void,
) => delivery.submit(source, await queue.add([]), sign, onAccepted);

const submitTo = (delivery: Delivery, sign: () => SignedBatch, onAccepted: (batchId: string) => void) =>
  submit(delivery, openSource(delivery), sign, onAccepted);

describe('delivery', () => {
  it('keeps a batch until it is indexed', async () => {
    const service = new Service([202]);
    const delivery = deliveryTo(service);
    await expect(submitTo(delivery, parcel('b1'), nobody)).resolves.toBe('b1');
    expect(service.sends).toEqual(['b1']);
    expect(delivery.counts).toEqual({ accepted: 1, resent: 0, safe: 1, held: 0 });
  });

  it('does not take encrypted for safe: a batch that was voided is known to be when its void is indexed', async () => {
    let asked = 0;
    const service = new Service([202], () => (++asked < 3 ? 'live' : 'dead'));
    service.notYetIndexed = 2;
    await expect(submitTo(deliveryTo(service), parcel('b1'), nobody)).rejects.toThrow(BatchLost);
    expect(service.sends).toEqual(['b1']);
  });

  it('sends the same bytes again after no answer and after 503', async () => {
    const service = new Service(['no answer', 503, 202]);
    const delivery = deliveryTo(service);
    await submitTo(delivery, parcel('b1'), nobody);
    expect(service.sends).toEqual(['b1', 'b1', 'b1']);
    expect(delivery.counts.resent).toBe(1);
  });

  it('takes an answer that breaks off for none, and keeps what was accepted when a status breaks off', async () => {
    const service = new Service(['breaks off', 202]);
    service.brokenStatuses = 2;
    await expect(submitTo(deliveryTo(service), parcel('b1'), nobody)).resolves.toBe('b1');
    expect(service.sends).toEqual(['b1', 'b1']);
  });

  it('signs anew what is stale, once', async () => {
    const service = new Service(['stale', 202]);
    let signatures = 0;
    const sign = () => ({ batchId: 'b1', body: new TextEncoder().encode(`b1 signed ${++signatures}`) });
    await expect(submitTo(deliveryTo(service), sign, nobody)).resolves.toBe('b1');
    expect(service.sends).toEqual(['b1 signed 1', 'b1 signed 2']);
    await expect(submitTo(deliveryTo(new Service(['stale'])), parcel('b2'), nobody)).rejects.toThrow(BatchRefused);
  });

  it('signs anew, under the same seq, what was refused because the wallet has moved; and what the wallet has moved away from', async () => {
    const service = new Service(['moved', 'moved', 'no answer', 202]);
    let [signatures, refusals] = [0, 0];
    const sign = (seq: number) => {
      const mine = ++signatures;
      const onRefused = () => {
        refusals += 1;
      };
      // The wallet moves while the third is on its way.
      const mode = { isOutdated: () => mine === 3, onRefused };
      return { batchId: 'b1', body: new TextEncoder().encode(`b1/${seq} signed ${mine}`), mode };
    };
    const delivery = deliveryTo(service);
    await expect(submit(delivery, openSource(delivery), sign, nobody)).resolves.toBe('b1');
    expect(service.sends).toEqual(['b1/0 signed 1', 'b1/0 signed 2', 'b1/0 signed 3', 'b1/0 signed 4']);
    expect(refusals).toBe(2);
  });

  it('does not go on for ever about a subject that is never taken, nor at all where a batch has one mode only', async () => {
    const mode = { isOutdated: () => false, onRefused: () => undefined };
    const service = new Service(['moved']);
    const lost = submitTo(deliveryTo(service), () => ({ ...parcel('b1')(), mode }), nobody);
    await expect(lost).rejects.toMatchObject({ code: 'subject_mismatch' });
    expect(service.sends).toHaveLength(9);
    const plain = new Service(['moved']);
    await expect(submitTo(deliveryTo(plain), parcel('b1'), nobody)).rejects.toMatchObject({ code: 'subject_mismatch' });
    expect(plain.sends).toHaveLength(1);
  });

  it('brings nothing from before an erasure back by itself: the application is told, and decides', async () => {
    const service = new Service(['older', 202]);
    const refused = submitTo(deliveryTo(service), parcel('b1'), nobody);
    await expect(refused).rejects.toThrow(BatchRefused);
    await expect(refused).rejects.toMatchObject({ status: 409, code: 'older_than_erasure' });
    expect(service.sends).toEqual(['b1']);
  });

  it('holds what the quota or the pot of the app does not let in, says so, and goes on as the same batch, what comes behind it after it', async () => {
    const service = new Service(['unpaid', 'quota', 202]);
    const told: [string, number, number][] = [];
    const delivery = deliveryTo(service, ({ code, retryInMs }) => told.push([code, retryInMs, delivery.counts.held]));
    const source = openSource(delivery);
    const numbered = (seq: number) => parcel(`b${seq}`)();
    const ids = await Promise.all([0, 1].map(() => submit(delivery, source, numbered, nobody)));
    expect([ids, service.sends]).toEqual([
      ['b0', 'b1'],
      ['b0', 'b0', 'b0', 'b1'],
    ]);
    expect(told).toEqual([
      ['unpaid', 1.5, 1],
      ['quota_exceeded', 1_000, 1],
    ]);
    expect(delivery.counts.held).toBe(0);
  });

  it('does not trust a 202: while the status is unknown the batch goes again', async () => {
    const service = new Service([202], (sends) => (sends < 3 ? 'unknown' : 'live'));
    const delivery = deliveryTo(service);
    let accepted = 0;
    await submitTo(delivery, parcel('b1'), () => {
      accepted += 1;
    });
    expect(service.sends.length).toBeGreaterThanOrEqual(3);
    expect(accepted).toBe(1);
  });

  it('reports a refusal with its code, and does not send again', async () => {
    const service = new Service([422]);
    const refused = submitTo(deliveryTo(service), parcel('b1'), nobody);
    await expect(refused).rejects.toThrow(BatchRefused);
    await expect(refused).rejects.toMatchObject({ status: 422, code: 'some_code', message: 'some reason' });
    expect(service.sends).toHaveLength(1);
  });

  it.each(['dead', 'erased'] as const)('reports a batch that is %s', async (outcome) => {
    const lost = submitTo(deliveryTo(new Service([202], () => outcome)), parcel('b1'), nobody);
    await expect(lost).rejects.toThrow(BatchLost);
    await expect(lost).rejects.toMatchObject({ outcome, batchId: 'b1' });
  });

  it('signs each batch once, when its turn comes', async () => {
    const delivery = deliveryTo(new Service(['no answer', 202]));
    let signatures = 0;
    await submitTo(
      delivery,
      () => {
        signatures += 1;
        return parcel('b1')();
      },
      nobody,
    );
    expect(signatures).toBe(1);
  });

  it('tells callers of what it still held when it is closed', async () => {
    const delivery = deliveryTo(new Service([202], () => 'unknown'));
    const open = submitTo(delivery, parcel('b1'), () => delivery.close());
    await expect(open).rejects.toThrow('the client was closed');
  });

  it('has one batch of a source in flight, and numbers batches in the order in which they go', async () => {
    let open = 0;
    let most = 0;
    const service = new Service([202]);
    const counted = service.fetch;
    const slow: typeof fetch = async (url, init) => {
      if (String(url).endsWith('/status')) return counted(url, init);
      most = Math.max(most, ++open);
      const answer = await counted(url, init);
      open -= 1;
      return answer;
    };
    const delivery = deliveryTo(Object.assign(service, { fetch: slow }));
    const source = openSource(delivery);
    const numbered = (seq: number) => parcel(`b${seq}`)();
    const ids = await Promise.all([0, 1, 2, 3].map(() => submit(delivery, source, numbered, nobody)));
    expect(ids).toEqual(['b0', 'b1', 'b2', 'b3']);
    expect(most).toBe(1);
  });

  it('gives the seq of a batch that was finally refused to the next one', async () => {
    const delivery = deliveryTo(new Service([202, 422, 202]));
    const source = openSource(delivery);
    const numbered = (seq: number) => parcel(`b${seq}`)();
    const results = await Promise.allSettled([0, 1, 2].map(() => submit(delivery, source, numbered, nobody)));
    expect(results.map((result) => (result.status === 'fulfilled' ? result.value : 'refused'))).toEqual([
      'b0',
      'refused',
      'b1',
    ]);
  });

  it('keeps the seq of a refused batch that an earlier send may have written', async () => {
    const delivery = deliveryTo(new Service(['no answer', 422, 202]));
    const source = openSource(delivery);
    const numbered = (seq: number) => parcel(`b${seq}`)();
    const results = await Promise.allSettled([0, 1].map(() => submit(delivery, source, numbered, nobody)));
    expect(results.map((result) => (result.status === 'fulfilled' ? result.value : 'refused'))).toEqual([
      'refused',
      'b1',
    ]);
  });
});
