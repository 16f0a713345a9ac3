import { spawn } from 'node:child_process';

const TIMEOUT_MS = 5_000;

const succeeds = (args) =>
  new Promise((resolve) => {
    const child = spawn('docker', args, { stdio: 'ignore', timeout: TIMEOUT_MS });
    child.on('error', () => resolve(false));
    child.on('exit', (code) => resolve(code === 0));
  });

/** Whether a Docker engine with compose answers. */
export const engineAnswers = async () =>
  (await succeeds(['version', '--format', '{{.Server.Version}}'])) && succeeds(['compose', 'version']);
