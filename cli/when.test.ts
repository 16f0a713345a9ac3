import { describe, expect, test } from '@jest/globals';
import { Command } from 'commander';
import { type Scopes, scopesOf, scopesOption, typesOption } from './options.ts';
import { when } from './when.ts';

describe('a time', () => {
  test.each([
    ['2024-03-01', Date.UTC(2024, 2, 1)],
    ['2024-03-01T12:00Z', Date.UTC(2024, 2, 1, 12)],
    ['2024-03-01T12:00:00.5+02:00', Date.UTC(2024, 2, 1, 10, 0, 0, 500)],
    ['1709294400000', 1_709_294_400_000],
    ['now', 'now'],
  ])('%s', (text, wanted) => expect(when('beginning', 'now')(text)).toBe(wanted));

  test.each(['2024', '20240301', '2024-03-01T12:00', '2024-13-01', 'beginning', '1st of May', ''])(
    '%j is none, and what is one is said',
    (text) => expect(() => when('now')(text)).toThrow('It must be `now`, a date (UTC), an ISO 8601 time with a zone'),
  );
});

test('of a list one may say one or several', () => {
  const parsed = (...args: string[]) => {
    const command = new Command().addOption(typesOption()).addOption(scopesOption('of what'));
    const { types, scopes } = command.parse(args, { from: 'user' }).opts<{ types?: string[]; scopes?: Scopes }>();
    return { types, scopes: scopesOf(scopes) };
  };
  expect(parsed('--type', 'A', '--types', 'B', 'C', '--scopes')).toEqual({ types: ['A', 'B', 'C'], scopes: [] });
  expect(parsed('--scope=a', '--scopes', 'b')).toEqual({ types: undefined, scopes: ['a', 'b'] });
});
