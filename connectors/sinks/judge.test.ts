import { expect, test } from '@jest/globals';
import { z } from 'zod';
import { defineSink, secret } from '../../services/pipeline/define-sink.ts';
import { judgeSinkConfig, judgeSinks } from './judge.ts';

const never = () => {
  throw new Error('is only looked at');
};
const hook = defineSink({
  name: 'hook',
  summary: 'Somewhere.',
  config: z.strictObject({
    url: secret(z.url()).describe('Where to.'),
    table: z.string().regex(/^[a-z]+$/),
    auth: z
      .strictObject({ user: z.string(), password: z.string().optional(), pin: secret(z.string()).optional() })
      .optional(),
  }),
  members: { url: 'place', table: 'place', auth: 'free' },
  create: never,
  trial: never,
});
const told = (config: Record<string, unknown>, sink = 'hook') =>
  judgeSinkConfig([hook], sink, config).map(({ code, path }) => `${code} ${path}`);

test('a configuration with references in the place of secrets is what a sink takes', () => {
  const auth = { user: 'me', password: { secret: 'p' }, pin: { secret: 'q' } };
  expect(told({ url: { secret: 'hook-url' }, table: 'rows', auth })).toEqual([]);
});

test('everything that the schema says is told, each field by its path', () => {
  expect(told({ url: { secret: 'u' }, table: 'Rows', colour: 1, auth: { name: 1 } }).sort()).toEqual([
    'sink_config config.auth.name',
    'sink_config config.auth.user',
    'sink_config config.colour',
    'sink_config config.table',
  ]);
  expect(told({}, 'hooks')).toEqual(['unknown_sink sink']);
});

test('no secret stands in a declaration: not where the sink says so, nor where its name or its form does', () => {
  expect(told({ url: 'https://x.example', table: 'rows', auth: { user: 'u', password: 'p', pin: '1' } })).toEqual([
    'secret_in_clear config.url',
    'secret_in_clear config.auth.password',
    'secret_in_clear config.auth.pin',
  ]);
  expect(told({ url: { secret: 'u' }, table: 'rows', auth: { user: 'https://me:pw@x.example' } })).toEqual([
    'secret_in_clear config.auth.user',
  ]);
});

test('the real sinks are judged by their own schemas', async () => {
  const judge = judgeSinks([]);
  expect(await judge('parquet', { folder: '/x' })).toEqual([]);
  expect(await judge('parquet', {})).toMatchObject([{ code: 'sink_config', path: 'config.folder' }]);
});
