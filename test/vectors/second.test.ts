import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { faultOf, type VectorCase } from './second/evaluate.mjs';

const folder = fileURLToPath(new URL('.', import.meta.url));
const casesOf = (file: string): VectorCase[] => JSON.parse(readFileSync(`${folder}${file}`, 'utf8')).cases;

/** What the second implementation runs: by file and operation, how many cases hold and how many are refused. */
const COVERED: Readonly<Record<string, Readonly<Record<string, readonly [holds: number, refused: number]>>>> = {
  'protocol-v1.json': {
    commitment: [6, 4],
    leaf: [4, 12],
    tree: [9, 1],
    message: [2, 7],
    batch_id: [4, 0],
    verify: [4, 13],
    batch: [3, 6],
    inclusion: [8, 5],
    disclosure: [1, 5],
    subject: [1, 0],
    scope_key: [3, 3],
    record_key: [1, 0],
    seal: [5, 0],
    open: [3, 19],
  },
  'protocol-v1-extra.json': {
    wrap_root: [3, 3],
    unwrap_root: [3, 8],
    transit_key: [1, 1],
    open_transit: [2, 4],
    open: [1, 4],
    seal_meta: [1, 0],
    open_meta: [3, 13],
    body: [6, 30],
    fee: [5, 4],
    settlement_leaf: [3, 3],
    remark: [3, 3],
    parse_remark: [3, 7],
    verify: [2, 3],
  },
  'requests-v1.json': {
    request: [48, 173],
    sign_request: [12, 0],
    bearer: [4, 19],
    open_scope_key: [2, 5],
    may_serve: [7, 15],
    receipt: [4, 16],
    sign_receipt: [4, 0],
  },
  'blobs-v1.json': {
    blob_key: [2, 3],
    seal_blob_chunk: [6, 7],
    open_blob_chunk: [4, 10],
    blob_top: [7, 8],
    open_blob_top: [7, 17],
  },
};
/** And what it does not. */
const LEFT_OUT = ['cere-legacy.json'];

const rows = Object.entries(COVERED).flatMap(([file, ops]) =>
  Object.entries(ops).map(([op, [holds, refused]]) => ({ file, op, holds, refused })),
);

describe('vectors, with the second library', () => {
  test.each(rows)('$file: $op, $holds cases hold and $refused are refused', ({ file, op, holds, refused }) => {
    const cases = casesOf(file).filter((one) => one.op === op);
    const faults = cases.map((one) => ({ id: one.id, fault: faultOf(one) }));
    expect(faults.filter(({ fault }) => fault !== undefined)).toEqual([]);
    expect([cases.filter(({ valid }) => valid).length, cases.filter(({ valid }) => !valid).length]).toEqual([
      holds,
      refused,
    ]);
  });

  test.each(Object.keys(COVERED))('%s: no operation is left out', (file) => {
    expect([...new Set(casesOf(file).map(({ op }) => op))].sort()).toEqual(Object.keys(COVERED[file] ?? {}).sort());
  });

  test(`every other file is named: ${LEFT_OUT.join(', ')}`, () => {
    const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
    expect(files.sort()).toEqual([...Object.keys(COVERED), ...LEFT_OUT].sort());
  });

  test('nothing passes by chance: an unknown operation, a wrong answer, a missing refusal and a crash', () => {
    const salt = '00'.repeat(16);
    const bad: VectorCase[] = [
      { id: 'a', op: 'teleport', valid: false, in: {} },
      { id: 'b', op: 'toString', valid: false, in: {} },
      { id: 'c', op: 'commitment', valid: true, in: { salt, data: '' }, out: { commitment: salt } },
      { id: 'd', op: 'commitment', valid: false, in: { salt, data: '' } },
      { id: 'e', op: 'commitment', valid: true, in: { salt: '00', data: '' }, out: {} },
      { id: 'f', op: 'commitment', valid: false, in: { salt: '00', data: '' }, error: 'data' },
      { id: 'g', op: 'commitment', valid: true, in: { salt, data: '' }, out: { more: 1 } },
    ];
    expect(bad.map((one) => faultOf(one))).toEqual(bad.map(() => expect.any(String)));
    expect(() => faultOf({ id: 'h', op: 'leaf', valid: false, in: undefined as never })).toThrow(TypeError);
  });

  test('it imports libraries and itself, and nothing of ours', () => {
    const modules = readdirSync(`${folder}second`).filter((name) => name.endsWith('.mjs'));
    const imported = modules.flatMap((name) =>
      [...readFileSync(`${folder}second/${name}`, 'utf8').matchAll(/\b(?:from\s+|import\s*\(?\s*)['"`]([^'"`]+)/g)].map(
        (match) => String(match[1]),
      ),
    );
    const libraries = /^(node:(util)|@noble\/(ciphers|curves|hashes)\/.+|@scure\/sr25519|@ipld\/dag-cbor)$/;
    const own = modules.map((name) => `./${name}`);
    expect(imported.length).toBeGreaterThan(modules.length);
    expect(imported.filter((name) => !own.includes(name) && !libraries.test(name))).toEqual([]);
  });
});
