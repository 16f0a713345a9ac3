import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';
import { nodeArguments } from '../../stack/built.ts';
import { canMount } from '../support/can-mount.ts';

const run = promisify(execFile);

const mountable = await canMount();

(mountable ? it : it.skip).each(['ndjson', 'parquet'])(
  'an export to %s on a disk that is really full says so, and goes on when there is space',
  async (sink) => {
    const folder = await mkdtemp(join(tmpdir(), 'ddc-full-'));
    const script = nodeArguments('test/support/full-disk.ts');
    const env = { ...process.env, NODE_OPTIONS: '' };
    const { stdout } = await run('unshare', ['-Urm', process.execPath, ...script, sink, folder], { env });
    const full = { retriable: true, code: 'sink_unavailable', full: true };
    expect(JSON.parse(stdout)).toEqual([true, full, full, true, [1], { next: 2, mark: 1 }]);
    await rm(folder, { recursive: true });
  },
  60_000,
);
