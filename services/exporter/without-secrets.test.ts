import { expect, test } from '@jest/globals';
import { FatalError, RetriableError } from '../pipeline/errors.ts';
import type { Sink } from '../pipeline/ports/sink.ts';
import { scrubbed, withoutSecrets } from './without-secrets.ts';

const SECRETS = ['pass', 'pass word"1', ''];
const failing = (error: unknown) =>
  withoutSecrets({ check: async () => Promise.reject(error) } as unknown as Sink, SECRETS).check();
async function told(error: unknown): Promise<Error> {
  return (await failing(error).catch((reason: unknown) => reason)) as Error;
}

test('a secret is taken out in every form in which it is written, the longer one first', () => {
  const text = `postgres://me:${encodeURIComponent('pass word"1')}@host ${JSON.stringify({ p: 'pass word"1' })} pass`;
  expect(scrubbed(text, SECRETS)).toBe('postgres://me:***@host {"p":"***"} ***');
});

test('an error stays what it was, and says nothing', async () => {
  const cause = new Error('no route to pass word"1');
  const retriable = await told(new RetriableError('sink_unavailable', 'cannot reach pass word"1', { cause }));
  expect(retriable).toBeInstanceOf(RetriableError);
  expect(retriable).toMatchObject({ code: 'sink_unavailable', message: 'cannot reach ***' });
  expect(retriable.cause).toBeUndefined();
  // The secret stands in the cause alone.
  expect((await told(new FatalError('x', 'no', { cause }))).cause).toBeUndefined();
  const bug = await told(new TypeError('pass word"1'));
  expect([bug.name, bug.message, bug.stack?.includes('pass word')]).toEqual(['TypeError', '***', false]);
});

test('an error that names none is passed on as it is', async () => {
  const error = new RetriableError('sink_unavailable', 'the disk is full');
  expect(await told(error)).toBe(error);
});
