import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { PARTS } from '../stack/parts.ts';
import { display } from '../stack/progress.ts';
import { ALL_ROOMS } from '../stack/rooms.ts';
import { root } from '../stack/root.mjs';
import { runFolder } from './run-folder.ts';
import { deploymentOf } from './sandbox/deployment.ts';
import { type Sandbox, startSandbox } from './sandbox/sandbox.ts';
import { onSignal } from './until-signal.ts';

interface UpOptions {
  readonly folder?: string;
  /** Sends the sample once everything is ready. */
  readonly demo?: boolean;
}

const say = (message: string): void => void process.stderr.write(`${message}\n`);

/** Every address of a running sandbox, one a line. */
function addresses({ stack, rooms, exportFolder }: Sandbox): string {
  const lines = [
    ['API', rooms.url('api')],
    ['API reference', `${rooms.url('api')}/docs`],
    ...Object.entries(stack.env),
    ['Parquet', exportFolder],
    ['state and logs', stack.folder],
  ];
  return lines.map(([name, value]) => `  ${name?.padEnd(20)} ${value}`).join('\n');
}

/** Where examples and commands find the sandbox that came up last in this clone: its API, the environment of its rooms for a shell, and what it exports. */
function keepAddress({ rooms, env, exportFolder }: Sandbox): void {
  mkdirSync(join(root, '.ddc'), { recursive: true });
  writeFileSync(join(root, '.ddc', 'api'), `${rooms.url('api')}\n`);
  const lines = Object.entries(env).map(([name, value]) => `export ${name}='${value.replaceAll("'", `'\\''`)}'\n`);
  writeFileSync(join(root, '.ddc', 'env'), lines.join(''), { mode: 0o600 });
  const link = join(root, '.ddc', 'export');
  rmSync(link, { force: true });
  symlinkSync(exportFolder, link);
}

async function run(options: UpOptions): Promise<void> {
  let sandbox: Sandbox | undefined;
  let ending = false;
  // While it starts there is nothing to stop in order: this process ends, and its watchdog ends the rest.
  const { stopped } = onSignal(async () => {
    ending = true;
    return sandbox ? sandbox.stop() : process.exit(130);
  });
  const progress = display(PARTS.map((part) => part.name));
  const folder = runFolder(options.folder);
  // So that exports can be tried out over the API, too.
  const env = { DDC_EXPORT_SINKS: 'parquet,ndjson', DDC_EXPORT_FOLDER: join(folder, 'exports') };
  sandbox = await startSandbox({ folder, rooms: ALL_ROOMS, env, sampleSchema: true, progress, say });
  sandbox.rooms.on('exit', ({ room, code, signal }) => {
    if (!ending) say(`${room} ended with ${signal ?? code}; it is started again`);
  });
  const running = sandbox;
  const announce = () => {
    keepAddress(running);
    process.stdout.write(`ready\n${addresses(running)}\nCtrl-C stops everything.\n`);
  };
  if (options.demo) {
    const { demo } = await import('./demo/demo.ts');
    const shown = demo(deploymentOf(sandbox), { afterJourney: announce }).then(
      ({ report, complete }) => {
        if (!complete) say(`The demo is not complete: ${JSON.stringify(report)}`);
      },
      (error: unknown) => {
        // Whoever stops the sandbox meanwhile takes the demo's rooms away.
        if (!ending) throw error;
      },
    );
    await Promise.race([shown, stopped]);
  } else {
    announce();
  }
  const hold = setInterval(() => undefined, 60_000);
  await stopped;
  clearInterval(hold);
}

export const command = (): Command =>
  new Command('up')
    .description('bring up the parts and one process per room, and stay up')
    .option('--folder <path>', 'where state and logs go (default: a new folder under .ddc/)')
    .option('--demo', 'send the sample once everything is ready')
    .action(run);
