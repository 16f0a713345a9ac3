import { randomInt } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import {
  type Algorithm,
  type Cbor,
  checkRequestTime,
  commitment,
  decodeCbor,
  disclose,
  type Event,
  encodeCbor,
  encryptionKeyPairFromSeed,
  fromBase64url,
  fromHex,
  type KindName,
  keyPairFromSeed,
  open,
  openScopeKey,
  type Place,
  ProtocolError,
  parseBatch,
  parseEvent,
  type RequestFields,
  ready,
  type SealedScope,
  seal,
  sealScopeKey,
  signBatch,
  signedMessage,
  signRequest,
  toBase64url,
  toHex,
  utf8,
  verifyBatch,
  verifyDisclosure,
  verifyRequest,
  verifySignature,
} from './index.ts';

beforeAll(ready);

const CHANGES = 20_000;
/** `DDC_SEED` repeats the changes of a run. */
const SEED = Number(process.env.DDC_SEED ?? randomInt(2 ** 31));
const NOW = 1_770_000_000_000;
const NETWORK = 'cere-testnet';
const APP = '0a'.repeat(32);

/** mulberry32: the same changes for the same seed. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}
type Random = ReturnType<typeof random>;

/** The bytes with one of them another. */
function changeByte(bytes: Uint8Array, pick: Random): Uint8Array {
  const changed = Uint8Array.from(bytes);
  const at = pick(bytes.length);
  changed[at] = (changed[at] as number) ^ (1 + pick(255));
  return changed;
}

/** A value with one byte of one of its leaves another: of the UTF-8 of a text, or of the eight bytes of a number. */
function changeValue(value: unknown, pick: Random): unknown {
  if (value instanceof Uint8Array) return changeByte(value, pick);
  if (typeof value === 'string') return Buffer.from(changeByte(Buffer.from(value), pick)).toString('utf8');
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64BE(BigInt(value));
    return Number(Buffer.from(changeByte(bytes, pick)).readBigUInt64BE());
  }
  const entries = Object.entries(value as object).filter(([, member]) => member !== '' && !isEmpty(member));
  const [name, member] = entries[pick(entries.length)] as [string, unknown];
  const changed = changeValue(member, pick);
  if (!Array.isArray(value)) return { ...(value as object), [name]: changed };
  return value.map((one, i) => (String(i) === name ? changed : one));
}
const isEmpty = (value: unknown) => typeof value === 'object' && value !== null && Object.keys(value).length === 0;

/** Something whole, and how it is read. `read` throws a ProtocolError, or answers false, when it refuses. */
interface Subject {
  name: string;
  /** Decoded values, or bytes as they are encoded. */
  form: 'values' | 'bytes';
  whole: unknown;
  read(value: never): unknown;
}

const person = (algorithm: Algorithm) => {
  const keyPair = keyPairFromSeed(algorithm, new Uint8Array(32).fill(7));
  return { algorithm, keyPair, key: toHex(keyPair.publicKey) };
};

function envelopes(): Subject[] {
  const place: Place = {
    scopeKey: new Uint8Array(32).fill(1),
    epoch: 3,
    app: fromHex(APP),
    subject: new Uint8Array(32).fill(2),
    eventId: '0199dd8d-cba7-7d22-9453-add6ffb93774',
    scope: 'purchase',
  };
  const salt = new Uint8Array(16).fill(4);
  const data = '{"amount": 12}';
  const envelope = seal({ ...place, salt, data, nonce: new Uint8Array(24).fill(5) });
  return [
    {
      name: 'envelope',
      form: 'bytes',
      whole: envelope,
      read: (bytes: Uint8Array) => open({ ...place, envelope: bytes }),
    },
    {
      name: 'place of an envelope',
      form: 'values',
      whole: place,
      read: (other: Place) => open({ ...other, envelope }),
    },
    {
      name: 'sealed scope of an event',
      form: 'values',
      whole: { commitment: toHex(commitment(salt, data)), envelope: toBase64url(envelope) },
      read: (held: SealedScope) => {
        const event = { id: place.eventId, type: 'T', time: '2026-02-03T04:05:06.000Z', scopes: { purchase: held } };
        const { purchase } = parseEvent(event).scopes as { purchase: SealedScope };
        return open({ ...place, envelope: fromBase64url(purchase.envelope), commitment: fromHex(purchase.commitment) });
      },
    },
    ...sealedKeys(),
  ];
}

/** The text that travels, the values in it, and the body alone. */
function requests<K extends KindName>(
  name: string,
  kind: K,
  content: RequestFields<K>['content'],
  frame: Partial<RequestFields<K>> = {},
): Subject[] {
  return (['ed25519', 'sr25519'] as const).flatMap((algorithm) => {
    const { keyPair, key } = person(algorithm);
    const whole = signRequest(
      {
        kind,
        network: NETWORK,
        app: APP,
        wallet: key,
        id: '01'.repeat(16),
        issuedAt: NOW,
        signer: 'wallet',
        algorithm,
        wrap: 'bytes',
        content: 'grantor' in content ? { ...content, grantor: keyPair.publicKey } : content,
        ...frame,
      } as RequestFields<K>,
      keyPair,
    );
    const read = (value: unknown) => checkRequestTime(verifyRequest<KindName>(value, { network: NETWORK, kind }), NOW);
    return [
      {
        name: `${name}, ${algorithm}`,
        form: 'bytes' as const,
        whole: utf8(JSON.stringify(whole)),
        read: (text: Uint8Array) => read(readJson(text)),
      },
      {
        name: `${name}, decoded, ${algorithm}`,
        form: 'values' as const,
        whole: JSON.parse(JSON.stringify(whole)),
        read,
      },
      {
        name: `${name}, body, ${algorithm}`,
        form: 'bytes' as const,
        whole: fromBase64url(whole.body),
        read: (body: Uint8Array) => read({ ...whole, body: toBase64url(body) }),
      },
      {
        name: `${name}, body decoded, ${algorithm}`,
        form: 'values' as const,
        whole: decodeCbor(fromBase64url(whole.body)),
        read: (body: Cbor) => read({ ...whole, body: toBase64url(encodeCbor(body)) }),
      },
    ];
  });
}

/** As an edge reads JSON: what is none is refused there. */
function readJson(text: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(text));
  } catch {
    throw new ProtocolError('json');
  }
}

function sealedKeys(): Subject[] {
  const pair = encryptionKeyPairFromSeed(new Uint8Array(32).fill(8));
  const whole = sealScopeKey(pair.publicKey, new Uint8Array(32).fill(9));
  return [{ name: 'sealed key', form: 'bytes', whole, read: (sealed: Uint8Array) => openScopeKey(pair, sealed) }];
}

function headers(): Subject[] {
  return (['ed25519', 'sr25519'] as const).flatMap((algorithm): Subject[] => {
    const { keyPair, key } = person(algorithm);
    const event = (i: number): Event => ({
      id: `0199dd8d-cba7-7d22-9453-00000000000${i}`,
      type: 'T',
      time: '2026-02-03T04:05:06.000Z',
      scopes: { a: { salt: '0b'.repeat(16), data: String(i) } },
    });
    const events = [event(0), event(1), event(2)];
    const fields = { network: NETWORK, app: APP, wallet: key, source: '0c'.repeat(16), seq: 100, issuedAt: NOW };
    const { header } = signBatch({ ...fields, signer: 'wallet', algorithm, wrap: 'none', events, keyPair });
    const lines = events.map((one) => `${JSON.stringify(one)}\n`).join('');
    const { root, leaves } = verifyBatch({ header, events }, { network: NETWORK });
    const disclosure = disclose({ header, events, leaves }, 1, ['a']);
    const signature = fromHex(header.signature);
    const publicKey = keyPair.publicKey;
    const message = signedMessage(header, root);
    return [
      {
        name: `header line, ${algorithm}`,
        form: 'bytes',
        whole: utf8(JSON.stringify(header)),
        read: (line: Uint8Array) =>
          verifyBatch(parseBatch(Buffer.concat([line, utf8(`\n${lines}`)]), 'ndjson'), { network: NETWORK }),
      },
      {
        name: `header in a batch, ${algorithm}`,
        form: 'values',
        whole: header,
        read: (other: typeof header) =>
          verifyBatch(parseBatch(utf8(JSON.stringify({ header: other, events })), 'json'), { network: NETWORK }),
      },
      {
        name: `header in a disclosure, ${algorithm}`,
        form: 'values',
        whole: header,
        read: (other: typeof header) => verifyDisclosure({ ...disclosure, header: other }),
      },
      {
        name: `signed message, ${algorithm}`,
        form: 'bytes',
        whole: message,
        read: (other: Uint8Array) => verifySignature({ algorithm, wrap: 'none', publicKey, message: other, signature }),
      },
      {
        name: `signature, ${algorithm}`,
        form: 'bytes',
        whole: signature,
        read: (other: Uint8Array) => verifySignature({ algorithm, wrap: 'none', publicKey, message, signature: other }),
      },
    ];
  });
}

/** By what they are; each gets the same share of the changes. */
function subjects(): Record<string, Subject[]> {
  const x25519 = encryptionKeyPairFromSeed(new Uint8Array(32).fill(8)).publicKey;
  const publicKey = new Uint8Array(32).fill(6);
  const expiresAt = NOW + 1000;
  return {
    envelopes: envelopes(),
    requests: [
      ...requests('policy', 'policy', { scopes: ['a', 'b'], recipients: [publicKey], expiresAt }),
      ...requests('move', 'move', { mode: 'client', subject: publicKey, epoch: 3 }),
      ...requests('remove', 'remove', { events: undefined, from: 1, to: NOW, session: undefined }),
    ],
    grants: requests('grant', 'grant', { grantor: publicKey, scope: 'a', fromEpoch: 1, recipient: x25519, expiresAt }),
    certificates: requests('certificate', 'recipient', { x25519, expiresAt }, { app: '00'.repeat(32) }),
    'batch headers': headers(),
  };
}

/** `refused`, `accepted`, or what went wrong. */
function outcome({ read }: Subject, value: unknown): string {
  try {
    return read(value as never) === false ? 'refused' : 'accepted';
  } catch (error) {
    return error instanceof ProtocolError ? 'refused' : `crashed: ${String(error)}`;
  }
}

describe('one byte changed', () => {
  test('without a change everything is read', () => {
    for (const subject of Object.values(subjects()).flat())
      expect([subject.name, outcome(subject, subject.whole)]).toEqual([subject.name, 'accepted']);
  });

  test(`${CHANGES} random changes are all refused, none crashes, none hangs`, () => {
    process.stdout.write(`one byte changed: seed ${SEED}\n`);
    const kinds = Object.entries(subjects());
    const pick = random(SEED);
    const wrong: string[] = [];
    const counts = new Map<string, number>();
    let slowest = 0;
    for (let i = 0; i < CHANGES; i++) {
      const [kind, all] = kinds[i % kinds.length] as [string, Subject[]];
      const subject = all[Math.floor(i / kinds.length) % all.length] as Subject;
      const counted = `${kind}, ${subject.form}`;
      counts.set(counted, (counts.get(counted) ?? 0) + 1);
      const changed = changeValue(subject.whole, pick);
      const start = process.cpuUsage().user;
      const result = outcome(subject, changed);
      slowest = Math.max(slowest, process.cpuUsage().user - start);
      if (result !== 'refused') wrong.push(`${subject.name}: ${result}: ${JSON.stringify(changed)}`);
    }
    expect(wrong).toEqual([]);
    expect(slowest).toBeLessThan(1_000_000);
    const five = ['batch headers', 'certificates', 'envelopes', 'grants', 'requests'];
    expect([...counts.keys()].sort()).toEqual(five.flatMap((kind) => [`${kind}, bytes`, `${kind}, values`]));
    expect(Math.min(...counts.values())).toBeGreaterThanOrEqual(1_000);
  }, 120_000);
});
