import { beforeEach, describe, expect, test } from '@jest/globals';
import { defineRecord } from '../../schemas/define-record.ts';
import { received } from '../../schemas/received.ts';
import type { Codec } from '../../services/pipeline/ports/codec.ts';
import { memoryCodecs, memoryRegistry } from './index.ts';

const added = { name: 'note', type: ['null', 'string'], default: null };
const newer = defineRecord<Record<string, unknown>>('Received', '', [...received.avro.fields, added]);
const fixed = (length: number) => new Uint8Array(length);
const record = {
  batchId: fixed(32),
  app: fixed(32),
  wallet: fixed(32),
  rootVersion: 1,
  receivedAt: 2,
  format: 'ndjson' as const,
  sealed: fixed(9),
};

describe('a record whose schema the registry does not know', () => {
  let now: number;
  let registry: ReturnType<typeof memoryRegistry>;
  let codec: Codec<unknown>;
  /** Written with a schema that was registered after the codec was made. */
  let value: Uint8Array;

  const code = (bytes: Uint8Array): string => {
    try {
      codec.decode(bytes);
      return 'decoded';
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  /** What a decode says after another one made the codec ask. */
  const asked = async (bytes: Uint8Array): Promise<string> => {
    const answered = () => new Promise((resolve) => setImmediate(resolve));
    code(bytes);
    await answered();
    const said = code(bytes);
    await answered();
    return said;
  };
  const withId = (id: number) => {
    const bytes = Uint8Array.from(value);
    new DataView(bytes.buffer).setUint32(1, id);
    return bytes;
  };

  beforeEach(async () => {
    now = 0;
    registry = memoryRegistry();
    codec = await memoryCodecs(registry, () => now).for({ name: 't', schema: received });
    value = (await memoryCodecs(registry).for({ name: 't', schema: newer })).encode({ ...record, note: 'new' });
  });

  test('a registry that is late for once voids nothing', async () => {
    const [late] = registry.schemas.splice(1);
    expect(await asked(value)).toBe('schema_unknown');
    registry.schemas.push(late as string);
    expect(await asked(value)).toBe('decoded');
  });

  test('after a minute it is undecodable, but never for good', async () => {
    const [late] = registry.schemas.splice(1);
    expect(await asked(value)).toBe('schema_unknown');
    now = 59_999;
    expect(await asked(value)).toBe('schema_unknown');
    now = 60_000;
    expect(await asked(value)).toBe('undecodable');
    registry.schemas.push(late as string);
    now = 120_000;
    expect(await asked(value)).toBe('decoded');
  });

  test('a registry that has lost even our own schema is waited for as long as it takes', async () => {
    registry.schemas.splice(0);
    for (now = 0; now < 600_000; now += 30_000) expect(await asked(value)).toBe('schema_unknown');
  });

  test('random ids share one minute, and have none again until an hour was quiet', async () => {
    expect(await asked(withId(1_000))).toBe('schema_unknown');
    now = 60_000;
    for (let id = 1_001; id < 1_100; id++) expect(await asked(withId(id))).toBe('undecodable');
    now += 3_599_000;
    expect(await asked(withId(2_000))).toBe('undecodable');
    now += 3_600_000;
    expect(await asked(withId(2_001))).toBe('schema_unknown');
  });

  test('a schema of another kind is no wait at all', async () => {
    registry.schemas.push('"string"');
    expect(await asked(withId(3))).toBe('undecodable');
  });
});
