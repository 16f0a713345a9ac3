#!/usr/bin/env node
// `npm start` and `npm run demo`, also in a fresh clone: plain Node without modules, so that Kubo is built and the jars are
// fetched beside `npm install`.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { engineAnswers } from '../stack/engine.mjs';
import { root } from '../stack/root.mjs';
import { install } from './install.mjs';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 11)) {
  process.stderr.write(`Node ${process.versions.node} is too old: install Node 20.11 or newer.\n`);
  process.exit(1);
}
const say = (part, state) => process.stderr.write(`${part}: ${state}\n`);

try {
  const { prepareAll } = await import('../stack/prepare.mjs');
  const given = ['KAFKA_BROKERS', 'SCHEMA_REGISTRY_URL', 'IPFS_API'].every((name) => process.env[name]);
  const native =
    !given && process.env.DDC_STACK !== 'compose' && (process.env.DDC_STACK === 'native' || !(await engineAnswers()));
  await Promise.all([install(say, { withTools: false }), native ? prepareAll(say) : undefined]);
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}

const [command, ...rest] = process.argv.slice(2);
const args = command === 'demo' ? ['demo', ...rest] : ['up', '--demo', ...process.argv.slice(2)];
const child = spawn(process.execPath, [fileURLToPath(new URL('./ddc.mjs', import.meta.url)), ...args], {
  cwd: root,
  stdio: 'inherit',
});
// A terminal sends Ctrl-C to both; the child stops everything in order, so this process waits for it.
process.on('SIGINT', () => {});
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGKILL' ? 137 : 1)));
