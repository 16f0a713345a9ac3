import { spawn } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../stack/root.mjs';

const changed = (file) => (existsSync(join(root, file)) ? statSync(join(root, file)).mtimeMs : 0);

/** Whether the modules are those of the lock; npm writes its own copy of the lock at the end of an install. */
const isInstalled = () => changed('node_modules/.package-lock.json') >= changed('package-lock.json');

/**
 * `npm install` when the modules are missing or older than the lock.
 * @param {(part: string, state: string) => void} say
 */
export async function install(say) {
  if (isInstalled()) return;
  const from = performance.now();
  say('npm', 'installing modules');
  const args = ['install', '--no-audit', '--no-fund', '--loglevel=error'];
  const child = spawn('npm', args, { cwd: root, stdio: ['ignore', 2, 2] });
  await new Promise((resolve, reject) => {
    child.on('error', (error) => reject(new Error(`npm cannot be run: ${error.message}`)));
    child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`npm install ended with ${code}`))));
  });
  say('npm', `installed (${((performance.now() - from) / 1000).toFixed(1)} s)`);
}
