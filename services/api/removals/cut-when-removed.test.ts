import { EventEmitter, once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { cutWhenRemoved } from './cut-when-removed.ts';

/** A response that somebody reads slowly. */
class Response extends EventEmitter {
  destroyed = false;
  closed = false;
  readonly req = { socket: Object.assign(new EventEmitter(), { destroyed: false }) };
  destroy() {
    this.destroyed = true;
    this.emit('close');
    return this;
  }
}
const open = () => new Response() as Response & Parameters<typeof cutWhenRemoved>[0];

test('a slow response is cut when something in it is removed, and goes on while nothing is', async () => {
  const response = open();
  let asked = 0;
  const isThere = async () => {
    asked += 1;
    return asked < 4;
  };
  // Long enough that a machine that is busy asks in time, too.
  cutWhenRemoved(response, isThere, 1_000);
  await once(response, 'close');
  expect([asked, response.destroyed]).toEqual([4, true]);
});

test('it is cut when nobody can say, and when nobody says it in time', async () => {
  const failing = open();
  cutWhenRemoved(failing, () => Promise.reject(new Error('the database is away')), 20);
  await once(failing, 'close');
  expect(failing.destroyed).toBe(true);
  const silent = open();
  cutWhenRemoved(silent, () => new Promise(() => undefined), 20);
  await once(silent, 'close');
  expect(silent.destroyed).toBe(true);
});

test('nothing is asked about a response that is out', async () => {
  const response = open();
  let asked = 0;
  const isThere = async () => {
    asked += 1;
    return true;
  };
  cutWhenRemoved(response, isThere, 20);
  response.emit('close');
  await pause(40);
  expect([asked, response.destroyed]).toEqual([0, false]);
});
