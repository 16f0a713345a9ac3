// `npm run test:long -- <name> [arguments]`: runs `test/long/<name>.ts` against a stack of its own. Not part of `npm test`.
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { install } from '../cli/install.mjs';

const folder = fileURLToPath(new URL('./long/', import.meta.url));
const [name, ...args] = process.argv.slice(2);
if (!name || !existsSync(`${folder}${name}.ts`)) {
  const known = readdirSync(folder)
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .map((file) => file.slice(0, -3));
  process.stderr.write(`usage: npm run test:long -- <name>; there are: ${known.join(', ') || 'none'}\n`);
  process.exit(1);
}
await install((part, state) => process.stderr.write(`${part}: ${state}\n`), { withTools: true });
process.setSourceMapsEnabled(true);
const { build } = await import('../stack/build.mjs');
const built = await build();
const { runLong } = await import(`${built}/test/support/long.js`);
const module = await import(`${built}/test/long/${name}.js`);
await runLong(module.default, args);
