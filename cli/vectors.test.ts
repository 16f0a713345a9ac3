import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { ready } from '../protocol/index.ts';
import { runCase } from './run-case.ts';
import { readCases } from './vectors.ts';

const file = (name: string) => fileURLToPath(new URL(`../test/vectors/${name}`, import.meta.url));

beforeAll(ready);

describe('vectors', () => {
  test('all 129 cases of two implementations that agree are reproduced', async () => {
    const verdicts = (await readCases(file('protocol-v1.json'))).map(runCase);
    expect(verdicts.filter((verdict) => !verdict.passed)).toEqual([]);
    expect(verdicts).toHaveLength(129);
  });

  test.each(['protocol-v1-extra.json', 'requests-v1.json'])(
    '%s, of another implementation, is reproduced, and refusals carry the very code',
    async (name) => {
      const cases = await readCases(file(name));
      const verdicts = cases.map(runCase);
      expect(verdicts.filter((verdict) => !verdict.passed)).toEqual([]);
      const codes = verdicts.map((verdict) => [verdict.id, 'code' in verdict ? verdict.code : undefined]);
      expect(codes).toEqual(cases.map(({ id, error }) => [id, error]));
    },
  );

  test('nothing is skipped: an unknown operation, a wrong answer, a missing refusal and a crash all fail', () => {
    const salt = '00'.repeat(16);
    const bad = [
      { id: 'a', op: 'teleport', valid: false, in: {} },
      { id: 'b', op: 'toString', valid: false, in: {} },
      { id: 'c', op: 'commitment', valid: true, in: { salt, data: '' }, out: { commitment: salt } },
      { id: 'd', op: 'commitment', valid: false, in: { salt, data: '' } },
      { id: 'e', op: 'commitment', valid: false, in: { salt: 1, data: '' } },
      { id: 'f', op: 'commitment', valid: true, in: { salt, data: '' } },
    ];
    expect(bad.map((one) => runCase(one).passed)).toEqual(bad.map(() => false));
  });
});
