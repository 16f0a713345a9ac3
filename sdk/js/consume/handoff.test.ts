import { expect, test } from '@jest/globals';
import { Handoff } from './handoff.ts';

const never = new AbortController().signal;
const settled = () => new Promise((resolve) => setImmediate(resolve));

test('who has something waits until it is asked for, in the order of coming', async () => {
  const handoff = new Handoff<string>();
  const begun: string[] = [];
  const offer = async (name: string) => {
    const turn = await handoff.turn(never);
    begun.push(name);
    turn.give(name);
  };
  const both = Promise.all([offer('a'), offer('b')]);
  await settled();
  expect(begun).toEqual([]);
  expect(await handoff.take()).toBe('a');
  await settled();
  expect(begun).toEqual(['a']);
  expect(await handoff.take()).toBe('b');
  await both;
});

test('a turn that comes to nothing is the next one’s', async () => {
  const handoff = new Handoff<string>();
  const first = handoff.turn(never);
  const second = handoff.turn(never);
  const taken = handoff.take();
  (await first).pass();
  (await second).give('second');
  expect(await taken).toBe('second');
});

test('who withdraws hears why, and nobody waits for it', async () => {
  const handoff = new Handoff<string>();
  const lost = new AbortController();
  const withdrawn = handoff.turn(lost.signal);
  const other = handoff.turn(never);
  lost.abort(new Error('lost'));
  await expect(withdrawn).rejects.toThrow('lost');
  await expect(handoff.turn(lost.signal)).rejects.toThrow('lost');
  const taken = handoff.take();
  (await other).give('other');
  expect(await taken).toBe('other');
});

test('the end comes at once, also to whoever waits, with what it ended with', async () => {
  const handoff = new Handoff<string>();
  const waiting = handoff.take();
  handoff.end();
  handoff.end(new Error('later'));
  expect([await waiting, await handoff.take()]).toEqual([null, null]);
  const broken = new Handoff<string>();
  const turn = broken.turn(never);
  const taken = broken.take();
  await turn;
  broken.end(new Error('broken'));
  // Given too late: whoever takes has heard of the end.
  (await turn).give('late');
  await expect(taken).rejects.toThrow('broken');
});
