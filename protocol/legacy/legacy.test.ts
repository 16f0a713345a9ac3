import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { runCase } from '../../cli/run-case.ts';
import { readCases } from '../../cli/vectors.ts';
import {
  disclose,
  encodeNdjson,
  fromUtf8,
  keyPairFromSeed,
  ProtocolError,
  parseBatch,
  ready,
  signBatch,
  toHex,
  utf8,
  verifyBatch,
  verifyDisclosure,
} from '../index.ts';
import { decodeLegacy, encodeG1, eventFromG1, GENERATIONS } from './index.ts';
import { roundedNumbers } from './json.ts';
import { selectorOf } from './selector.ts';

const FILE = fileURLToPath(new URL('../../test/vectors/cere-legacy.json', import.meta.url));
const MASTER = 'super-secret';

beforeAll(ready);

/** Nonces and salts that differ; what they are does not matter here. */
function counting(size: number): () => Uint8Array {
  let n = 0;
  return () => new Uint8Array(size).fill(++n);
}

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof ProtocolError) return error.code;
    throw error;
  }
  return 'accepted';
}

describe('vectors of the four generations', () => {
  test('published and derived cases are reproduced, and refusals carry the very code', async () => {
    const cases = await readCases(FILE);
    const verdicts = cases.map(runCase);
    expect(verdicts.filter((verdict) => !verdict.passed)).toEqual([]);
    const codes = verdicts.map((verdict) => [verdict.id, 'code' in verdict ? verdict.code : undefined]);
    expect(codes).toEqual(cases.map(({ id, error }) => [id, error]));
  });

  test('every generation has at least five cases, and half of all are negative', async () => {
    const cases = await readCases(FILE);
    for (const generation of GENERATIONS)
      expect(cases.filter(({ id }) => id.startsWith(generation)).length).toBeGreaterThanOrEqual(5);
    expect(cases.filter(({ valid }) => !valid).length * 2).toBeGreaterThanOrEqual(cases.length);
  });
});

describe('G1', () => {
  test('what is encoded decodes to the same fields, under a master as text and as bytes', () => {
    const name = fc.stringMatching(/^[a-z]{1,8}$/);
    fc.assert(
      fc.property(
        fc.dictionary(name, fc.jsonValue(), { maxKeys: 6, noNullPrototype: true }),
        fc.dictionary(name, fc.array(name, { maxLength: 3 }), { maxKeys: 3, noNullPrototype: true }),
        fc.oneof(fc.string({ minLength: 1, unit: 'grapheme' }), fc.uint8Array({ minLength: 32, maxLength: 32 })),
        (fields, scopes, master) => {
          // What it refuses is tested below.
          fc.pre(codeOf(() => roundedNumbers(fields)) === 'accepted' && roundedNumbers(fields).length === 0);
          const data = JSON.stringify(fields);
          const document = encodeG1({ data, master, scopes, nonce: counting(24) });
          const opened = decodeLegacy({ data: JSON.stringify(document), master, merge: 'first' });
          expect(opened.generation).toBe('G1');
          expect(JSON.parse(fromUtf8(opened.plaintext))).toEqual(JSON.parse(data));
        },
      ),
      { numRuns: 300 },
    );
  });

  test('binary data keeps its bytes', () => {
    const data = Uint8Array.of(0, 255, 254, 128);
    const document = encodeG1({ data, master: MASTER, nonce: counting(24) });
    expect(decodeLegacy({ data: JSON.stringify(document), master: MASTER }).plaintext).toEqual(data);
    expect(
      codeOf(() =>
        eventFromG1(JSON.stringify(document), MASTER, {
          id: '01890a5d-ac96-774b-bcce-b302099a8057',
          type: 'click',
          time: '2023-06-30T12:00:00.000Z',
          salt: counting(16),
        }),
      ),
    ).toBe('utf8');
  });

  test('an imported scope keeps its text to the byte, where parsing would change it', () => {
    const exact = '{"b":1.0, "a":12345678901234567890}';
    const about = { id: '01890a5d-ac96-774b-bcce-b302099a8057', type: 'click', time: '2023-06-30T12:00:00.000Z' };
    for (const data of [exact, `[${exact}]`]) {
      const document = encodeG1({ data, master: MASTER, nonce: counting(24) });
      const event = eventFromG1(JSON.stringify(document), MASTER, { ...about, salt: counting(16) });
      expect(event.scopes).toEqual({ __default_scope: { salt: '01'.repeat(16), data } });
    }
  });

  test('a number that parsing would round is refused where fields are divided, and said where they are merged', () => {
    const big = '{"a":12345678901234567890}';
    const divided = { data: big.replace('}', ',"b":1}'), master: MASTER, scopes: { x: ['b'] }, nonce: counting(24) };
    expect(codeOf(() => encodeG1(divided))).toBe('range');
    const whole = encodeG1({ data: big, master: MASTER, nonce: counting(24) });
    const other = encodeG1({ data: '{"b":1}', master: MASTER, scopes: { x: ['b'] }, nonce: counting(24) });
    const opened = decodeLegacy({ data: JSON.stringify({ ...other, ...whole }), master: MASTER });
    expect(opened.warnings.map(({ code, places }) => [code, places])).toEqual([['numbers_rounded', ['$.a']]]);
    expect(fromUtf8(opened.scopes?.get('__default_scope') ?? new Uint8Array())).toBe(big);
  });
});

test('an imported document is signed as a batch, and each scope can be disclosed alone', async () => {
  const document = encodeG1({
    data: '{"price":12,"city":"Bern","page":"/"}',
    master: MASTER,
    scopes: { pay: ['price'], geo: ['city'] },
    nonce: counting(24),
  });
  const about = { id: '01890a5d-ac96-774b-bcce-b302099a8057', type: 'buy', time: '2023-06-30T12:00:00.000Z' };
  const event = eventFromG1(JSON.stringify(document), MASTER, { ...about, salt: counting(16) });
  const keyPair = keyPairFromSeed('ed25519', new Uint8Array(32).fill(1));
  const key = toHex(keyPair.publicKey);
  const batch = signBatch({
    ...{ network: 'cere-sandbox', app: key, wallet: key, source: '11'.repeat(16), seq: 0, issuedAt: 1 },
    ...{ signer: 'app', algorithm: 'ed25519', wrap: 'none', events: [event], keyPair },
  });
  const verified = verifyBatch(parseBatch(encodeNdjson(batch), 'ndjson'), { network: 'cere-sandbox' });
  const { opened } = verifyDisclosure(disclose(verified, 0, ['geo']));
  expect(opened).toEqual({ geo: '{"city":"Bern"}' });
});

describe('any generation', () => {
  test('a changed character of a ciphertext is refused, whatever it is', async () => {
    const cases = (await readCases(FILE)).filter(({ op, valid, in: input }) => {
      const data = String(input.data ?? '');
      return op === 'legacy_decode' && valid && /^(0x)?[0-9a-fA-F]+$/.test(data);
    });
    expect(cases.length).toBeGreaterThan(8);
    for (const { id, in: input } of cases) {
      const data = String(input.data);
      for (let at = 0; at < data.length; at++) {
        const other = data[at] === '1' ? '2' : '1';
        const bent = `${data.slice(0, at)}${other}${data.slice(at + 1)}`;
        const { passed } = runCase({ id, op: 'legacy_decode', valid: false, in: { ...input, data: bent } });
        expect([id, at, passed]).toEqual([id, at, true]);
      }
    }
  });

  test('input of any kind is refused by a code or opens; it never crashes', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: 'binary' }), fc.json(), fc.uint8Array({ maxLength: 80 })),
        fc.oneof(fc.string({ minLength: 1 }), fc.uint8Array({ maxLength: 40 })),
        fc.constantFrom(undefined, ...GENERATIONS),
        fc.constantFrom(undefined, '$', '$..*', '$.a', 'a'),
        (data, master, generation, path) => {
          expect(codeOf(() => decodeLegacy({ data, master, generation, path }))).toMatch(/^\w+$/);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  test('no refusal shows data, master or key', () => {
    const secret = 'correct-horse';
    const data = JSON.stringify({ 'a b?': `0x${'ab'.repeat(20)}`, note: 'private words' });
    for (const generation of [undefined, ...GENERATIONS]) {
      for (const path of [undefined, '$.note', 'note']) {
        try {
          decodeLegacy({ data, master: secret, generation, path });
        } catch (error) {
          expect(String(error)).not.toMatch(/correct-horse|private words|abab|a b\?/);
          continue;
        }
        throw new Error('this must be refused');
      }
    }
  });

  test('masters are refused where they are empty', () => {
    for (const master of ['', new Uint8Array()]) {
      expect(codeOf(() => decodeLegacy({ data: '{}', master }))).toBe('legacy_master');
      expect(codeOf(() => encodeG1({ data: utf8('{}'), master, nonce: counting(24) }))).toBe('legacy_master');
    }
  });
});

test.each([
  ['$..*', ['$.a', '$.a.b[0]', '$[0]'], ['$']],
  ['$.k3..*', ['$.k3.k4', '$.k3.k5[1]', '$.k3[0]'], ['$.k3', '$.k33', '$.k1']],
  ['$.*', ['$.a'], ['$.a.b', '$[0]']],
  ['$.a[*].b', ['$.a[0].b', '$.a[12].b'], ['$.a.b', '$.a[0]']],
  ['$.a+b', ['$.a+b'], ['$.aab']],
  ['$', ['$'], ['$.a']],
])('the selector %s', (selector, selected, others) => {
  expect(selected.map(selectorOf(selector))).toEqual(selected.map(() => true));
  expect(others.map(selectorOf(selector))).toEqual(others.map(() => false));
});
