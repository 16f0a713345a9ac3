import { execFileSync } from 'node:child_process';
import { platform } from 'node:os';
import { pathToFileURL } from 'node:url';
import { expect, test } from '@jest/globals';
import { nodeArguments } from '../../../stack/built.ts';

/** Prints the priorities of all threads of a process that has become nice: field 19 of `stat`, counted behind the name. */
const script = (file: string) => `
  import { readdirSync, readFileSync } from 'node:fs';
  const { beNice } = await import(${JSON.stringify(pathToFileURL(file).href)});
  await beNice(7);
  const stat = (thread) => readFileSync('/proc/self/task/' + thread + '/stat', 'utf8');
  console.log(JSON.stringify(readdirSync('/proc/self/task').map((thread) => Number(stat(thread).split(') ')[1].split(' ')[16]))));
`;

(platform() === 'linux' ? test : test.skip)(
  'every thread of the process gives way, also those that were there before',
  () => {
    const file = nodeArguments('services/exporter/replay/be-nice.ts').at(-1) as string;
    const env = { ...process.env, NODE_OPTIONS: '' };
    const told = execFileSync(process.execPath, ['--input-type=module', '-e', script(file)], { env, encoding: 'utf8' });
    const priorities = JSON.parse(told) as number[];
    expect(priorities.length).toBeGreaterThan(4);
    expect(new Set(priorities)).toEqual(new Set([7]));
  },
);
