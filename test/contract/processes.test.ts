import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createMemoryProcesses } from '../../connectors/processes/memory-processes.ts';
import { createNodeProcesses } from '../../connectors/processes/node-processes.ts';
import type { ChildProcess } from '../../services/pipeline/ports/processes.ts';

/** Does as its environment says, once it has told who it is. */
const SCRIPT = `
process.on('SIGTERM', () => process.exit(0));
process.on('disconnect', () => process.exit(0));
console.log(JSON.stringify({ level: 'info', message: 'I am ' + process.env.WHO }));
if (process.env.FAIL) {
  console.log(JSON.stringify({ level: 'fatal', error: { code: 'no_room', message: 'no room' }, message: 'the process exits' }));
  process.exit(3);
}
`;

let folder: string;
let file: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ddc-processes-'));
  file = join(folder, 'child.mjs');
  await writeFile(file, SCRIPT);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let output = '';
let heard: () => void = () => undefined;
const real = () =>
  createNodeProcesses(file, { PATH: process.env.PATH }, (text) => {
    output += text;
    heard();
  });
const memory = () =>
  createMemoryProcesses((child) => {
    output += `{"child":"${child.name}","level":"info","message":"I am ${child.env.WHO}"}\n`;
    if (child.env.FAIL) child.end({ code: 3, lastWords: { code: 'no_room', message: 'no room' } });
  });
async function until(text: string): Promise<void> {
  while (!output.includes(text))
    await new Promise<void>((resolve) => {
      heard = resolve;
    });
}

describe.each([
  ['memory', memory],
  ['Node', real],
])('Processes: %s', (_, open) => {
  const start = async (name: string, env: Record<string, string> = {}): Promise<ChildProcess> => {
    output = '';
    const child = open().start(name, { WHO: name, ...env });
    await until(`I am ${name}`);
    return child;
  };

  test('what it logs is passed on under its name', async () => {
    const child = await start('one');
    expect(output).toBe('{"child":"one","level":"info","message":"I am one"}\n');
    child.kill();
    expect(await child.ended).toEqual({ code: null, signal: 'SIGKILL', lastWords: null });
  });

  test('one that is asked to stop ends by itself', async () => {
    const child = await start('two');
    child.stop();
    expect(await child.ended).toEqual({ code: 0, signal: null, lastWords: null });
  });

  test('why it ended is in its last words', async () => {
    const child = await start('three', { FAIL: '1' });
    expect(await child.ended).toEqual({ code: 3, signal: null, lastWords: { code: 'no_room', message: 'no room' } });
  });
});
