import { join } from 'node:path';
import { root } from '../stack/root.mjs';
import { run } from './pack/compile.ts';

/**
 * Writes the reference of `protocol/` and `protocol/legacy/` out of their TSDoc (settings: `protocol/typedoc.json`): one page each, and one that leads to them.
 * @throws Error naming every public export that has no description
 */
export async function writeApiDocument(folder: string): Promise<void> {
  const typedoc = join(root, 'node_modules/typedoc/bin/typedoc');
  await run(process.execPath, [typedoc, '--options', 'protocol/typedoc.json', '--out', folder], root);
}
