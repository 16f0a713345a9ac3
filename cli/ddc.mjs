#!/usr/bin/env node
// The `ddc` command. In an image only dist/ is there; in a clone it runs what `stack/build.mjs` makes of the sources.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

async function folder() {
  if (!existsSync(new URL('./main.ts', import.meta.url))) return fileURLToPath(new URL('../dist', import.meta.url));
  return (await import('../stack/build.mjs')).build();
}

process.setSourceMapsEnabled(true);
try {
  await import(pathToFileURL(join(await folder(), 'cli/main.js')).href);
} catch (error) {
  if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
  process.stderr.write(`ddc: ${error.message}. Run \`npm install\` (or \`npm start\`, which does it).\n`);
  process.exit(1);
}
