import { describe, expect, it } from '@jest/globals';
import { Delivery } from './delivery.ts';
import { BatchLost, BatchRefused } from './errors.ts';
import { Transport } from './transport.ts';

type Outcome = 'live' | 'dead' | 'erased' | 'unknown';

/** A service at the other end of `fetch`: what it answers to each send, and what it then says of the batch. */
class Service {
  readonly sends: string[] = [];
  readonly answers: (number | 'no answer')[];
  readonly outcomeAfter: (sends: number) => Outcome;

  constructor(answers: (number | 'no answer')[], outcomeAfter: (sends: number) => Outcome = () => 'live') {
    this.answers = answers;
    this.outcomeAfter = outcomeAfter;
  }

  readonly fetch: typeof fetch = async (url, init) => {
    const text = new TextDecoder().decode(init?.body as Uint8Array);
    if (String(url).endsWith('/status')) {
      const { ids } = JSON.parse(text) as { ids: string[] };
      const outcome = this.outcomeAfter(this.sends.length);
      const reached = outcome === 'live';
      const stages = { encrypted: reached, pinned: false, indexed: false, settled: false };
      return Response.json({ batches: ids.map((batchId) => ({ batchId, stages, outcome })) });
    }
    const answer = this.answers[Math.min(this.sends.length, this.answers.length - 1)];
    this.sends.push(text);
    if (answer === 'no answer') throw new TypeError('connection reset');
    if (answer === 202) return Response.json({ batchId: text, partition: 0, offset: 1 }, { status: 202 });
    return Response.json({ code: 'some_code', detail: 'some reason' }, { status: answer as number });
  };
}

function deliveryTo(service: Service): Delivery {
  return new Delivery({
    transport: new Transport({ endpoint: 'http://service', fetch: service.fetch, timeoutMs: 1000 }),
    concurrency: 4,
    statusEveryMs: 1,
    backoff: { firstMs: 2, longestMs: 8 },
    now: Date.now,
    random: () => 0.5,
  });
}

const parcel = (batchId: string) => () => ({ batchId, body: new TextEncoder().encode(batchId) });
const nobody = () => undefined;

describe('delivery', () => {
  it('keeps a batch until it is encrypted', async () => {
    const service = new Service([202]);
    const delivery = deliveryTo(service);
    await expect(delivery.submit(parcel('b1'), nobody)).resolves.toBe('b1');
    expect(service.sends).toEqual(['b1']);
    expect(delivery.counts).toEqual({ accepted: 1, resent: 0, safe: 1 });
    expect(delivery.pending).toBe(0);
  });

  it('sends the same bytes again after no answer and after 503', async () => {
    const service = new Service(['no answer', 503, 202]);
    const delivery = deliveryTo(service);
    await delivery.submit(parcel('b1'), nobody);
    expect(service.sends).toEqual(['b1', 'b1', 'b1']);
    expect(delivery.counts.resent).toBe(1);
  });

  it('does not trust a 202: while the status is unknown the batch goes again', async () => {
    const service = new Service([202], (sends) => (sends < 3 ? 'unknown' : 'live'));
    const delivery = deliveryTo(service);
    let accepted = 0;
    await delivery.submit(parcel('b1'), () => {
      accepted += 1;
    });
    expect(service.sends.length).toBeGreaterThanOrEqual(3);
    expect(accepted).toBe(1);
  });

  it('reports a refusal with its code, and does not send again', async () => {
    const service = new Service([422]);
    const refused = deliveryTo(service).submit(parcel('b1'), nobody);
    await expect(refused).rejects.toThrow(BatchRefused);
    await expect(refused).rejects.toMatchObject({ status: 422, code: 'some_code', message: 'some reason' });
    expect(service.sends).toHaveLength(1);
  });

  it.each(['dead', 'erased'] as const)('reports a batch that is %s', async (outcome) => {
    const lost = deliveryTo(new Service([202], () => outcome)).submit(parcel('b1'), nobody);
    await expect(lost).rejects.toThrow(BatchLost);
    await expect(lost).rejects.toMatchObject({ outcome, batchId: 'b1' });
  });

  it('signs each batch once, when its turn comes', async () => {
    const delivery = deliveryTo(new Service(['no answer', 202]));
    let signatures = 0;
    await delivery.submit(() => {
      signatures += 1;
      return parcel('b1')();
    }, nobody);
    expect(signatures).toBe(1);
  });

  it('tells callers of what it still held when it is closed', async () => {
    const delivery = deliveryTo(new Service([202], () => 'unknown'));
    const open = delivery.submit(parcel('b1'), () => delivery.close());
    await expect(open).rejects.toThrow('the client was closed');
  });
});
