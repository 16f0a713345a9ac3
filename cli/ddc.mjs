#!/usr/bin/env node
// The `ddc` command. In an image only dist/ is there; in a clone the sources run through tsx.
import { existsSync } from 'node:fs';

const source = new URL('./main.ts', import.meta.url);
if (existsSync(source)) {
  const { register } = await import('tsx/esm/api').catch(() => {
    process.stderr.write('ddc: the modules are not installed; run `npm install` (or `npm start`, which does it).\n');
    process.exit(1);
  });
  register();
  await import(source.href);
} else {
  await import(new URL('../dist/cli/main.js', import.meta.url).href);
}
