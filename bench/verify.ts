import {
  type Event,
  encodeNdjson,
  fromHex,
  keyPairFromSeed,
  open,
  openTransit,
  parseBatch,
  ready,
  seal,
  sealTransit,
  sign,
  signBatch,
  toHex,
  transitKeyPair,
  verifyBatch,
  verifySignature,
} from '../protocol/index.ts';

const NETWORK = 'cere-sandbox';

function eventOf(i: number): Event {
  const id = `0199dd8d-cba7-7d22-9453-${i.toString(16).padStart(12, '0')}`;
  const salt = (i + 1).toString(16).padStart(32, '0');
  const data = JSON.stringify({ page: `/product/${i}`, referrer: 'https://example.com/', note: 'x'.repeat(90) });
  return {
    id,
    type: 'PAGE_VIEW',
    time: '2026-02-03T04:05:06.000Z',
    session: '5b0f6a8e',
    scopes: { __default_scope: { salt, data } },
  };
}

function bodyOf(count: number, algorithm: 'ed25519' | 'sr25519') {
  const keyPair = keyPairFromSeed(algorithm, new Uint8Array(32).fill(7));
  const key = toHex(keyPair.publicKey);
  const events = Array.from({ length: count }, (_, i) => eventOf(i));
  const fields = {
    network: NETWORK,
    app: key,
    wallet: key,
    source: '01'.repeat(16),
    seq: 0,
    issuedAt: 1,
    signer: 'wallet',
    wrap: 'none',
  } as const;
  return encodeNdjson(signBatch({ ...fields, algorithm, events, keyPair }));
}

/** Median µs of CPU of one call: what other processes do on the machine counts little. */
function medianOf(rounds: number, calls: number, run: (i: number) => void): number {
  const times = Array.from({ length: rounds }, () => {
    const start = process.cpuUsage();
    for (let i = 0; i < calls; i++) run(i);
    const { user, system } = process.cpuUsage(start);
    return (user + system) / calls;
  });
  return times.sort((a, b) => a - b)[rounds >> 1] as number;
}

const show = (name: string, us: number, per: string) =>
  console.log(`${name.padEnd(44)} ${us.toFixed(2).padStart(9)} µs per ${per}`);

/** `npm run bench -- verify`: what checking, sealing and opening cost on one core. */
export async function bench({ rounds }: { rounds: number }): Promise<void> {
  const measure = (calls: number, run: (i: number) => void) => medianOf(rounds, calls, run);
  await ready();
  for (const algorithm of ['sr25519', 'ed25519'] as const) {
    const body = bodyOf(1000, algorithm);
    const one = bodyOf(1, algorithm);
    if (algorithm === 'sr25519') {
      console.log(`body of 1,000 events: ${body.length} bytes`);
      const lines = new TextDecoder().decode(body).trimEnd().split('\n');
      show(
        'JSON.parse of each line',
        measure(20, () => lines.forEach((line) => void JSON.parse(line))) / 1000,
        'event',
      );
      show('parseBatch of 1,000', measure(20, () => void parseBatch(body, 'ndjson')) / 1000, 'event');
    }
    show(
      `parseBatch + verifyBatch of 1,000, ${algorithm}`,
      measure(20, () => void verifyBatch(parseBatch(body, 'ndjson'), { network: NETWORK })) / 1000,
      'event',
    );
    show(
      `parseBatch + verifyBatch of one, ${algorithm}`,
      measure(100, () => void verifyBatch(parseBatch(one, 'ndjson'), { network: NETWORK })),
      'batch',
    );
  }
  const place = {
    scopeKey: new Uint8Array(32).fill(1),
    epoch: 0,
    app: new Uint8Array(32).fill(2),
    subject: new Uint8Array(32).fill(3),
    eventId: eventOf(0).id,
    scope: 'purchase',
  };
  const salt = fromHex('0a'.repeat(16));
  const salt32 = new Uint8Array(32).fill(7);
  const nonce = new Uint8Array(24).fill(4);
  const data = 'x'.repeat(200);
  show(
    'seal of 200 bytes',
    measure(5000, () => void seal({ ...place, salt, data, nonce })),
    'scope',
  );
  const envelope = seal({ ...place, salt, data, nonce });
  show(
    'open of 200 bytes',
    measure(5000, () => void open({ ...place, envelope })),
    'scope',
  );

  const keyPair = transitKeyPair(new Uint8Array(32).fill(5));
  const body = bodyOf(1, 'sr25519');
  show(
    `sealTransit of ${body.length} bytes`,
    measure(200, () => void sealTransit(keyPair.publicKey, body)),
    'batch',
  );
  const sealed = sealTransit(keyPair.publicKey, body);
  show(
    'openTransit of the same',
    measure(200, () => void openTransit(keyPair, sealed)),
    'batch',
  );
  const claim = {
    algorithm: 'sr25519',
    wrap: 'none',
    publicKey: keyPairFromSeed('sr25519', salt32).publicKey,
    message: new Uint8Array(180),
  } as const;
  const signature = sign({ ...claim, keyPair: keyPairFromSeed('sr25519', salt32) });
  show(
    'verifySignature, sr25519',
    measure(100, () => void verifySignature({ ...claim, signature })),
    'signature',
  );
}
