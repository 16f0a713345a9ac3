import { beforeAll, describe, expect, test } from '@jest/globals';
import { defineRecord, type RecordSchema } from '../../schemas/define-record.ts';
import { encrypted } from '../../schemas/encrypted.ts';
import { received } from '../../schemas/received.ts';
import type { Codec, Codecs } from '../../services/pipeline/ports/codec.ts';

export interface RegistryUnderTest {
  /** Codecs of one process; each call is another process on the same registry. @param now its clock */
  open(now?: () => number): Codecs;
  /** A topic name that nobody else uses. */
  topicName(): string;
}

const bytes = (length: number, first = 0) => Uint8Array.from({ length }, (_, index) => (index + first) & 0xff);
const { fields } = received.avro;

/** The decoder that works once the writer's schema, fetched in the background, is here. */
async function decodeOnceFetched<T>(codec: Codec<T>, value: Uint8Array): Promise<T> {
  for (;;) {
    try {
      return codec.decode(value);
    } catch (error) {
      if ((error as { code?: string }).code !== 'schema_unknown') throw error;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

export function registryContract(name: string, under: () => RegistryUnderTest): void {
  describe(`${name} keeps the contract of a schema registry`, () => {
    let open: RegistryUnderTest['open'];
    let topicName: RegistryUnderTest['topicName'];
    const record = {
      batchId: bytes(32, 1),
      app: bytes(32, 2),
      wallet: bytes(32, 3),
      rootVersion: 4,
      receivedAt: 1_760_000_000_000,
      format: 'ndjson' as const,
      sealed: bytes(700),
    };

    beforeAll(() => {
      ({ open, topicName } = under());
    });

    test('a record comes back as it went in, for any process', async () => {
      const topic = { name: topicName(), schema: received };
      const value = (await open().for(topic)).encode(record);
      expect(value[0]).toBe(0);
      const back = (await open().for(topic)).decode(value);
      expect({
        ...back,
        batchId: [...back.batchId],
        app: [...back.app],
        wallet: [...back.wallet],
        sealed: [...back.sealed],
      }).toEqual({
        ...record,
        batchId: [...record.batchId],
        app: [...record.app],
        wallet: [...record.wallet],
        sealed: [...record.sealed],
      });
      expect(back.wallet).toBeInstanceOf(Uint8Array);
    });

    test('nulls of a void, and plain Uint8Arrays in a nullable field, are kept', async () => {
      const codec = await open().for({ name: topicName(), schema: encrypted });
      const head = {
        batchId: bytes(32),
        app: bytes(32),
        wallet: bytes(32),
        rootVersion: 0,
        reason: 'dead' as const,
        body: null,
      };
      const blank = codec.decode(codec.encode({ ...head, source: null, seq: null }));
      expect([blank.source, blank.seq, blank.reason, blank.body]).toEqual([null, null, 'dead', null]);
      const named = codec.decode(codec.encode({ ...head, source: bytes(16, 9), seq: 5 }));
      expect([[...(named.source ?? [])], named.seq]).toEqual([[...bytes(16, 9)], 5]);
    });

    test('registering the same schema again changes nothing', async () => {
      const topic = { name: topicName(), schema: received };
      const once = (await open().for(topic)).encode(record);
      expect((await open().for(topic)).encode(record)).toEqual(once);
    });

    test('a process reads what was written with an older and with a newer schema', async () => {
      const name = topicName();
      const added = { name: 'note', type: ['null', 'string'], default: null };
      const newer = defineRecord<typeof record & { note: string | null }>('Received', '', [...fields, added]);
      const old = await open().for({ name, schema: received });
      const later = await open().for({ name, schema: newer });
      expect(later.decode(old.encode(record)).note).toBeNull();
      // The old process started before the newer schema was registered: it fetches it and then goes on.
      const value = later.encode({ ...record, note: 'new' });
      expect(() => old.decode(value)).toThrow(expect.objectContaining({ code: 'schema_unknown', retriable: true }));
      expect((await decodeOnceFetched(old, value)).rootVersion).toBe(4);
    });

    test('an incompatible schema is refused, and the registered one stays', async () => {
      const name = topicName();
      await open().for({ name, schema: received });
      const refuse = (schema: RecordSchema<unknown>) =>
        expect(open().for({ name, schema })).rejects.toMatchObject({ code: 'schema_incompatible', retriable: false });
      await refuse(defineRecord('Received', '', [...fields, { name: 'note', type: 'string' }]));
      await refuse(defineRecord('Received', '', fields.slice(0, -1)));
      expect((await open().for({ name, schema: received })).encode(record)[0]).toBe(0);
    });

    test('what is not a record of this type is undecodable', async () => {
      const codec = await open().for({ name: topicName(), schema: received });
      const value = codec.encode(record);
      const undecodable = expect.objectContaining({ code: 'undecodable' });
      for (const broken of [
        new Uint8Array(0),
        new Uint8Array([0, 0, 0]),
        value.slice(0, -1),
        Uint8Array.from([...value, 0]),
        Uint8Array.from(value, (byte, index) => (index === 0 ? 1 : byte)),
      ]) {
        expect(() => codec.decode(broken)).toThrow(undecodable);
      }
    });

    test('an id that the registry does not know is waited for for a minute, and then undecodable', async () => {
      let now = 0;
      const codec = await open(() => now).for({ name: topicName(), schema: received });
      const foreign = codec.encode(record);
      foreign.set([0x7f, 0xff, 0xff, 0xf0], 1);
      const unknown = expect.objectContaining({ code: 'schema_unknown', retriable: true });
      const until = performance.now() + 500;
      while (performance.now() < until) {
        expect(() => codec.decode(foreign)).toThrow(unknown);
        await new Promise((resolve) => setImmediate(resolve));
      }
      now = 60_000;
      await expect(decodeOnceFetched(codec, foreign)).rejects.toMatchObject({ code: 'undecodable' });
    });

    test('a few bytes cannot claim a billion events', async () => {
      const codec = await open().for({ name: topicName(), schema: encrypted });
      const summary = {
        count: 0,
        types: [],
        idMin: '',
        idMax: '',
        timeMin: 0,
        timeMax: 0,
        source: bytes(16),
        seq: 0,
        signer: 'app' as const,
        issuedAt: 0,
      };
      const body = { subject: bytes(32), epoch: 0, mode: 'service' as const, summary, meta: bytes(0), events: [] };
      const value = codec.encode({
        batchId: bytes(32),
        app: bytes(32),
        wallet: bytes(32),
        rootVersion: 0,
        source: null,
        seq: null,
        reason: null,
        body,
      });
      // The last byte is the empty list of events: claim 2^40 of them instead.
      const claim = Uint8Array.from([...value.slice(0, -1), 0x80, 0x80, 0x80, 0x80, 0x80, 0x40]);
      expect(() => codec.decode(claim)).toThrow(expect.objectContaining({ code: 'undecodable' }));
    });
  });
}
