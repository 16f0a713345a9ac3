import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { promisify } from 'node:util';

/** Whether this machine lets us mount something that nobody else sees. */
export const canMount = (): Promise<boolean> =>
  promisify(execFile)('unshare', ['-Urm', 'mount', '-t', 'tmpfs', 'tmpfs', tmpdir()]).then(
    () => true,
    () => false,
  );
