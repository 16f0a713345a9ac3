import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, describe, expect, it } from '@jest/globals';
import type { PartName } from '../../stack/part.ts';
import { startStack } from '../../stack/stack.ts';
import { createSupervisor } from '../../stack/supervisor.ts';

const folder = mkdtempSync(join(tmpdir(), 'ddc-stack-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
async function gone(pid: number): Promise<void> {
  while (alive(pid)) await wait(20);
}

/** The two parts that start at once; the others go through the same code. */
const parts: PartName[] = ['postgres', 'ipfs'];
const native = { DDC_STACK: 'native' };

describe('a native stack', () => {
  it('keeps address and state of a part that was killed, and leaves no process behind', async () => {
    const stack = await startStack({ parts, folder: join(folder, 'a'), given: native });
    const pids: number[] = [];
    for (const part of stack.parts.values()) {
      const before = part.pid() ?? 0;
      await part.kill();
      expect(part.pid()).toBeNull();
      expect(alive(before)).toBe(false);
      await part.restart();
      expect(part.pid()).not.toBe(before);
      pids.push(part.pid() ?? 0);
    }
    expect(await (await fetch(`${stack.env.IPFS_API}/api/v0/version`, { method: 'POST' })).json()).toHaveProperty(
      'Version',
    );
    await stack.stop();
    await stack.stop();
    expect(pids.filter(alive)).toEqual([]);
  });

  it('is ended by its watchdog when the process that started it is killed', async () => {
    const command = ['cli/ddc.mjs', 'stack', '--json', '--only', 'ipfs', '--folder', join(folder, 'b')];
    const env = { ...process.env, ...native, IPFS_API: '', NODE_OPTIONS: '' };
    const child = spawn(process.execPath, command, { env, stdio: ['ignore', 'pipe', 'inherit'] });
    const [addresses] = (await once(child.stdout, 'data')) as [Buffer];
    const url = (JSON.parse(addresses.toString()) as { IPFS_API: string }).IPFS_API;
    const answers = (): Promise<boolean> =>
      fetch(`${url}/api/v0/version`, { method: 'POST' }).then(
        (response) => response.ok,
        () => false,
      );
    expect(await answers()).toBe(true);
    child.kill('SIGKILL');
    while (await answers()) await wait(50);
  });

  it('names the part that does not come up and shows the end of its log', async () => {
    const { launch } = await import('../../stack/launch.ts');
    const { createKeeper } = await import('../../stack/keeper.ts');
    const keeper = createKeeper();
    const args = ['-e', 'console.error("no space left"); process.exit(3)'];
    const broken = { name: 'kafka' as const, url: '', command: process.execPath, args, ready: async () => false };
    await expect(launch(broken, { folder: join(folder, 'c'), keeper, progress: () => undefined })).rejects.toThrow(
      /^kafka: ended with 3 while starting[\s\S]*no space left/,
    );
    keeper.close();
  });
});

describe('the supervisor', () => {
  it('starts a room again however it ends, tells how it ended, and stops it for good', async () => {
    const { createKeeper } = await import('../../stack/keeper.ts');
    const keeper = createKeeper();
    const server = "require('http').createServer((_, r) => r.end()).listen(process.env.DDC_HTTP_PORT, '127.0.0.1')";
    const rooms = createSupervisor({
      folder: join(folder, 'd'),
      keeper,
      env: { NODE_OPTIONS: '' },
      backoff: { firstMs: 10, highestMs: 100, healthyMs: 60_000 },
      argumentsOf: (room) => ['-e', `console.log('${room} says', process.env.WORD); ${server}`],
    });
    await rooms.start('pinner', { WORD: 'hello' });
    await rooms.ready('pinner');
    const first = rooms.pid('pinner') ?? 0;
    const exit = once(rooms, 'exit');
    const start = once(rooms, 'start');
    expect(rooms.kill('pinner', 'SIGKILL')).toBe(true);
    expect(await exit).toEqual([{ room: 'pinner', pid: first, code: null, signal: 'SIGKILL' }]);
    await start;
    await rooms.ready('pinner');
    const second = rooms.pid('pinner') ?? 0;
    expect(second).not.toBe(first);
    expect(rooms.starts('pinner')).toBe(2);
    await rooms.stop();
    await gone(second);
    expect(rooms.pid('pinner')).toBeNull();
    expect(readFileSync(rooms.logFile('pinner'), 'utf8')).toBe('pinner says hello\npinner says hello\n');
    keeper.close();
  });
});
