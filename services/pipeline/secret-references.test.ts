import { expect, test } from '@jest/globals';
import { secretsIn, withSecrets } from './secret-references.ts';

const config = {
  url: { secret: 'warehouse' },
  auth: { user: 'me', keys: [{ secret: 'first' }, 'plain'] },
  // More than the one member: a configuration of its own.
  nested: { secret: 'no', also: 1 },
};

test('references are found wherever they stand', () => {
  expect(secretsIn(config)).toEqual([
    { path: ['url'], name: 'warehouse' },
    { path: ['auth', 'keys', 0], name: 'first' },
  ]);
});

test('each is replaced by its value, and nothing else is touched', () => {
  expect(withSecrets(config, (name) => `<${name}>`)).toEqual({
    url: '<warehouse>',
    auth: { user: 'me', keys: ['<first>', 'plain'] },
    nested: { secret: 'no', also: 1 },
  });
});
