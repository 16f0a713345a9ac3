#!/usr/bin/env node
// `node examples/run.mjs <example> [arguments]`: an example runs from what `stack/build.mjs` makes of the sources, as `ddc` does.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from '../stack/build.mjs';

const [example] = process.argv.splice(2, 1);
if (!/^[a-z-]+$/.test(example ?? '')) {
  process.stderr.write('node examples/run.mjs <example> [arguments]; the examples are the folders of examples/.\n');
  process.exit(1);
}
process.setSourceMapsEnabled(true);
await import(pathToFileURL(join(await build(), 'examples', example, 'main.js')).href);
