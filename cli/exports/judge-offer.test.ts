import { expect, test } from '@jest/globals';
import { BadDeclaration } from '../../services/pipeline/exports/problem.ts';
import { judgeOffer } from './judge-offer.ts';

const app = '5c'.repeat(32);
const bounds = { app, isRegistered: true, sinks: ['kafka', 'webhook'] };
const good = { scopes: ['purchase'], types: ['PURCHASE'], sinks: ['kafka'], partners: ['0a'.repeat(32)], expiresAt: 5 };

function wrong(input: object, more: object = {}): string[] {
  try {
    judgeOffer(input, { ...bounds, ...more });
    return [];
  } catch (error) {
    if (!(error instanceof BadDeclaration)) throw error;
    return error.problems.map(({ code, path }) => `${code} ${path}`);
  }
}

test('an offer is what the API would have taken', () => {
  expect(judgeOffer(good, bounds)).toEqual(good);
  expect(judgeOffer({ scopes: ['a'], sinks: ['webhook'], expiresAt: 5 }, bounds)).toEqual({
    ...{ scopes: ['a'], types: null, sinks: ['webhook'], partners: null, expiresAt: 5 },
  });
});

test('everything that is wrong is told at once: form, app, and sinks to which nobody could attach', () => {
  expect(wrong({ ...good, scopes: ['a b'], types: [], partners: ['0A'] })).toEqual([
    'invalid scopes.0',
    'invalid types',
    'invalid partners.0',
  ]);
  expect(wrong({ ...good, sinks: ['kafka', 'postgres'] }, { isRegistered: false })).toEqual([
    'unknown_app app',
    'sink_not_allowed sinks.1',
  ]);
  expect(wrong(good, { sinks: [] })).toEqual(['sink_not_allowed sinks.0']);
});
