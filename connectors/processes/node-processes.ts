import { spawn } from 'node:child_process';
import type { Processes } from '../../services/pipeline/ports/processes.ts';
import { listen } from './last-words.ts';

/**
 * Node processes that run one file. What they log is passed on, each line with the process' name. Between both there is a channel that nobody
 * writes into: when this process is gone it closes, and the other one stops (`pipeline/host`).
 * @param write takes their lines
 */
export const createNodeProcesses = (
  file: string,
  env: Readonly<Record<string, string | undefined>>,
  write: (text: string) => void,
): Processes => ({
  start(name, own) {
    const child = spawn(process.execPath, ['--enable-source-maps', file], {
      env: { ...env, ...own },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const lines = listen(name, (line) => write(`${line}\n`));
    child.stdout?.setEncoding('utf8').on('data', (text: string) => lines.hear(text));
    child.stderr?.setEncoding('utf8').on('data', write);
    return {
      ended: new Promise((resolve) => {
        child.once('error', (error) => {
          resolve({ code: null, signal: null, lastWords: { code: 'not_started', message: error.message } });
        });
        child.once('close', (code, signal) => resolve({ code, signal, lastWords: lines.end() }));
      }),
      stop: () => void child.kill('SIGTERM'),
      kill: () => void child.kill('SIGKILL'),
    };
  },
});
