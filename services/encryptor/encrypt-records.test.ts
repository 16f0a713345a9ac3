import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { parseKeks } from '../../connectors/kms/kek-list.ts';
import { createMemoryAdmission } from '../../connectors/postgres/memory-admission.ts';
import { createMemoryVault } from '../../connectors/vault/memory-vault.ts';
import {
  commitment,
  encodeNdjson,
  fromHex,
  META_SCOPE,
  open,
  openMeta,
  ready,
  scopeKey,
  seal,
  sealMeta,
  sealTransit,
  toBase64url,
  toHex,
  utf8,
} from '../../protocol/index.ts';
import type { Encrypted, Received } from '../../schemas/index.ts';
import { createTestSigner } from '../../test/support/signed-batches.ts';
import type { Accepted } from '../pipeline/accepted.ts';
import type { Outcome } from '../pipeline/outcome.ts';
import type { OpenRoot, Owner } from '../pipeline/ports/vault.ts';
import { createEncryptRecordsStep } from './encrypt-records.ts';

beforeAll(() => ready());

const bytes = (length: number) => new Uint8Array(randomBytes(length));

function setUp({ duplicates = true, transit = 'sealed' as 'sealed' | 'plain' } = {}) {
  let now = 1_000_000;
  const vault = createMemoryVault({
    keks: parseKeks(`1 ${'ab'.repeat(32)}`),
    random: { bytes },
    clock: { now: () => now },
    calendar: { now: () => now },
  });
  const admission = createMemoryAdmission();
  const step = createEncryptRecordsStep({ vault, admission, random: bytes, rules: { duplicates }, transit });
  let origin = 0;
  const received = async (owner: Owner, batchId: Uint8Array, body: Uint8Array, change: Partial<Received> = {}) => {
    const [key] = await vault.transit([owner]);
    if (!key) throw new Error('the owner is erased');
    const sealed = transit === 'plain' ? body : sealTransit(key.publicKey, body);
    const { app, wallet } = owner;
    const value: Received = {
      batchId,
      app,
      wallet,
      rootVersion: 1,
      receivedAt: 0,
      format: 'ndjson',
      sealed,
      ...change,
    };
    const record = { key: wallet, value: new Uint8Array(0), offset: origin, headers: {} };
    return { origin: origin++, value, record, retryOf: null } satisfies Accepted<Received>;
  };
  const rootOf = async (owner: Owner): Promise<OpenRoot> => {
    const [root] = await vault.roots([{ ...owner, rootVersion: 1 }]);
    if (!root) throw new Error('no root');
    return root;
  };
  const later = (ms: number) => {
    now += ms;
  };
  return { vault, admission, step, received, rootOf, later };
}

const bodyOf = (outcome: Outcome<Encrypted> | undefined) => {
  if (outcome?.kind !== 'ok' || !outcome.value.body) throw new Error(`not encrypted: ${JSON.stringify(outcome)}`);
  return outcome.value.body;
};

describe('encrypting a flush', () => {
  for (const format of ['ndjson', 'json'] as const) {
    test(`every scope of every event opens with its own key and no other (${format})`, async () => {
      const { step, received, rootOf } = setUp();
      const signer = createTestSigner();
      const batch = signer.sign({ count: 4 });
      const [outcome] = await step([await received(signer, batch.batchId, batch[format], { format })], 0);
      const body = bodyOf(outcome);
      const { userRoot, subject, epoch } = await rootOf(signer);
      const key = (scope: string) => scopeKey(userRoot, signer.app, scope, epoch);
      batch.events.forEach((event, i) => {
        for (const [scope, content] of Object.entries(event.scopes)) {
          if (!('data' in content)) throw new Error('the test signs open scopes');
          const envelope = body.events[i]?.[scope] as Uint8Array;
          const place = { epoch, app: signer.app, subject, eventId: event.id, scope };
          const committed = commitment(fromHex(content.salt), content.data);
          const opened = open({ ...place, scopeKey: key(scope), envelope, commitment: committed });
          expect(opened.data).toBe(content.data);
          const other = scope === 'purchase' ? 'profile' : 'purchase';
          expect(() => open({ ...place, scopeKey: key(other), envelope })).toThrow();
        }
      });
    });
  }

  test('the meta proves header, signature and events in batch order', async () => {
    const { step, received, rootOf } = setUp();
    const signer = createTestSigner();
    const batch = signer.sign({ count: 5 });
    const [outcome] = await step([await received(signer, batch.batchId, batch.ndjson)], 0);
    const { userRoot, subject } = await rootOf(signer);
    const key = { scopeKey: scopeKey(userRoot, signer.app, META_SCOPE, 0), subject, app: signer.app, epoch: 0 };
    const meta = openMeta({ ...key, envelope: bodyOf(outcome).meta });
    expect(meta.header).toEqual(batch.header);
    expect(toHex(meta.batchId)).toBe(toHex(batch.batchId));
    expect(meta.events.map((event) => 'id' in event && event.id)).toEqual(batch.events.map(({ id }) => id));
  });

  test('the summary says what an index needs and nothing of the content', async () => {
    const { step, received } = setUp();
    const signer = createTestSigner();
    const batch = signer.sign({ count: 3, seq: 41 });
    const [outcome] = await step([await received(signer, batch.batchId, batch.ndjson)], 0);
    const ids = batch.events.map(({ id }) => id).sort();
    expect(bodyOf(outcome).summary).toEqual({
      count: 3,
      types: ['page.viewed', 'purchase'],
      idMin: ids[0],
      idMax: ids[2],
      timeMin: Date.UTC(2026, 0, 1),
      timeMax: Date.UTC(2026, 0, 1) + 2_000,
      source: fromHex(batch.header.source),
      seq: 41,
      signer: 'wallet',
      issuedAt: batch.header.issuedAt,
    });
  });

  test('nonces never repeat, also when the same flush is done again', async () => {
    const { step, received } = setUp();
    const signer = createTestSigner();
    const batch = signer.sign({ count: 50 });
    const input = await received(signer, batch.batchId, batch.ndjson);
    const nonces = new Set<string>();
    for (let again = 0; again < 2; again++) {
      const body = bodyOf((await step([input], 0))[0]);
      for (const event of body.events)
        for (const envelope of Object.values(event)) nonces.add(toHex(envelope.slice(6, 30)));
      nonces.add(toHex(body.meta.slice(6, 30)));
    }
    expect(nonces.size).toBe(2 * 101);
  });

  test('the second copy of a batch is void, in the same flush and later, and keeps source and seq', async () => {
    const { step, received } = setUp();
    const signer = createTestSigner();
    const { batchId, ndjson, header } = signer.sign();
    const copies = [await received(signer, batchId, ndjson), await received(signer, batchId, ndjson)];
    const outcomes = [...(await step(copies, 0)), ...(await step([await received(signer, batchId, ndjson)], 0))];
    expect(outcomes.map(({ kind }) => kind)).toEqual(['ok', 'drop', 'drop']);
    const sender = { source: fromHex(header.source), seq: header.seq };
    expect(outcomes[1]).toEqual({ kind: 'drop', reason: 'duplicate', sender });
    const [again] = await step(copies.slice(0, 1), 0);
    expect(again?.kind).toBe('ok');
  });

  test('control: with the duplicate rule off the second copy goes through', async () => {
    const { step, received } = setUp({ duplicates: false });
    const signer = createTestSigner();
    const { batchId, ndjson } = signer.sign();
    const outcomes = await step([await received(signer, batchId, ndjson), await received(signer, batchId, ndjson)], 0);
    expect(outcomes.map(({ kind }) => kind)).toEqual(['ok', 'ok']);
  });

  test('what was sealed under an overwritten root is void, without being opened', async () => {
    const { step, received, vault, later } = setUp();
    const [gone, live] = [createTestSigner(), createTestSigner()];
    const [a, b] = [gone.sign(), live.sign()];
    const inputs = [await received(gone, a.batchId, a.ndjson), await received(live, b.batchId, b.ndjson)];
    await vault.erase(gone);
    later(5_001);
    expect((await step(inputs, 0)).map((outcome) => (outcome.kind === 'drop' ? outcome.reason : outcome.kind))).toEqual(
      ['erased', 'ok'],
    );
  });

  test('a root that the vault has lost is no erasure: a dead letter, which a retry takes over', async () => {
    const { step, received, vault, later } = setUp();
    const signer = createTestSigner();
    const batch = signer.sign();
    const input = await received(signer, batch.batchId, batch.ndjson);
    await vault.lose(signer);
    later(5_001);
    const [outcome] = await step([input], 0);
    expect(outcome).toMatchObject({ kind: 'dlq', code: 'root_missing' });
    const retry = { ...(await received(signer, batch.batchId, batch.ndjson)), retryOf: input.origin };
    later(5_001);
    expect((await step([retry], 0))[0]?.kind).toBe('ok');
  });

  test('bytes that the transit key does not open are dead, their neighbours are not', async () => {
    const { step, received } = setUp();
    const signer = createTestSigner();
    const [a, b] = [signer.sign(), signer.sign()];
    const inputs = [
      await received(signer, a.batchId, a.ndjson, { sealed: bytes(300) }),
      await received(signer, b.batchId, b.ndjson),
    ];
    const outcomes = await step(inputs, 0);
    expect(outcomes[0]).toMatchObject({ kind: 'dlq', code: 'unopenable' });
    expect(outcomes[1]?.kind).toBe('ok');
  });

  test('a dead original is taken over by its retry', async () => {
    const { step, received } = setUp();
    const signer = createTestSigner();
    const { batchId, ndjson } = signer.sign();
    const broken = await received(signer, batchId, ndjson, { sealed: bytes(300) });
    expect((await step([broken], 0))[0]?.kind).toBe('dlq');
    const copy = await received(signer, batchId, ndjson);
    const retry = { ...(await received(signer, batchId, ndjson)), retryOf: broken.origin };
    expect((await step([copy, retry], 0)).map(({ kind }) => kind)).toEqual(['drop', 'ok']);
  });

  const malformed: [string, Uint8Array, string][] = [
    ['no JSON', utf8('{"v":1'), 'json'],
    ['a count that is not true', new Uint8Array(0), 'count'],
    ['bytes that are not UTF-8', Uint8Array.of(0xff, 0x0a), 'utf8'],
  ];
  for (const [what, body, code] of malformed) {
    test(`${what} is dead with the protocol's code`, async () => {
      const { step, received } = setUp();
      const signer = createTestSigner();
      const batch = signer.sign({ count: 2 });
      const lines = new TextDecoder().decode(batch.ndjson).split('\n');
      const sent = body.length > 0 ? body : utf8(`${lines.slice(0, 2).join('\n')}\n`);
      const [outcome] = await step([await received(signer, batch.batchId, sent)], 0);
      expect(outcome).toMatchObject({ kind: 'dlq', code });
    });
  }

  test('a body that is another batch than its record says is dead', async () => {
    const { step, received } = setUp();
    const [signer, other] = [createTestSigner(), createTestSigner()];
    const [mine, second, theirs] = [signer.sign(), signer.sign(), other.sign()];
    const outcomes = await step(
      [await received(signer, mine.batchId, second.ndjson), await received(signer, theirs.batchId, theirs.ndjson)],
      0,
    );
    expect(outcomes.map((outcome) => outcome.kind === 'dlq' && outcome.code)).toEqual([
      'batch_mismatch',
      'batch_mismatch',
    ]);
    expect(outcomes[0]).toMatchObject({ sender: { seq: 1 } });
  });

  test('a batch that is too long once encrypted is dead', async () => {
    const { step, received } = setUp();
    const signer = createTestSigner();
    const batch = signer.sign({ count: 1, scopes: () => ({ purchase: 'x'.repeat(1_000_000) }) });
    const [outcome] = await step([await received(signer, batch.batchId, batch.ndjson)], 0);
    expect(outcome).toMatchObject({ kind: 'dlq', code: 'batch_too_large', sender: { seq: 0 } });
  });

  describe('a client that encrypts itself', () => {
    async function clientBatch(registered: Uint8Array | null, subject: Uint8Array) {
      const { step, received, vault, later } = setUp();
      const signer = createTestSigner();
      const key = bytes(32);
      const plain = signer.sign({ count: 2 });
      const place = { scopeKey: key, epoch: 3, app: signer.app, subject };
      const events = plain.events.map((event) => {
        const scopes = Object.entries(event.scopes).map(([scope, content]) => {
          if (!('data' in content)) throw new Error('the test signs open scopes');
          const salt = fromHex(content.salt);
          const envelope = seal({ ...place, eventId: event.id, scope, salt, data: content.data, nonce: bytes(24) });
          const committed = toHex(commitment(salt, content.data));
          return [scope, { commitment: committed, envelope: toBase64url(envelope) }] as const;
        });
        return { ...event, scopes: Object.fromEntries(scopes) };
      });
      const meta = sealMeta({ ...place, header: plain.header, events: plain.events, nonce: bytes(24) });
      const body = encodeNdjson({ header: plain.header, events, client: { subject, epoch: 3, meta } });
      const input = await received(signer, plain.batchId, body);
      if (registered) await vault.toClient(signer, registered);
      later(5_001);
      return { outcome: (await step([input], 0))[0], events, meta };
    }

    test('has its envelopes passed on as they are', async () => {
      const subject = bytes(32);
      const { outcome, events, meta } = await clientBatch(subject, subject);
      const body = bodyOf(outcome);
      expect([body.mode, body.epoch, toHex(body.subject), body.summary.count]).toEqual([
        'client',
        3,
        toHex(subject),
        2,
      ]);
      expect(toHex(body.meta)).toBe(toHex(meta));
      for (const [i, event] of events.entries()) {
        for (const [scope, { envelope }] of Object.entries(event.scopes)) {
          expect(toBase64url(body.events[i]?.[scope] as Uint8Array)).toBe(envelope);
        }
      }
    });

    test('cannot use a subject that is not registered for its wallet', async () => {
      const { outcome } = await clientBatch(bytes(32), bytes(32));
      expect(outcome).toMatchObject({ kind: 'dlq', code: 'subject_mismatch', sender: { seq: 0 } });
    });

    test('must have moved to client mode first', async () => {
      const { outcome } = await clientBatch(null, bytes(32));
      expect(outcome).toMatchObject({ kind: 'dlq', code: 'mode_mismatch' });
    });
  });

  test('without sealing (the control of the plaintext search) bodies are taken as they are', async () => {
    const { step, received } = setUp({ transit: 'plain' });
    const signer = createTestSigner();
    const batch = signer.sign();
    expect((await step([await received(signer, batch.batchId, batch.ndjson)], 0))[0]?.kind).toBe('ok');
  });
});
