import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { root } from '../../stack/root.mjs';

/** Puts the package where the sources import `protocol/`. */
const fromPackage = (index: string, legacy: string): Plugin => ({
  name: 'protocol from its package',
  setup({ onResolve }) {
    onResolve({ filter: /\/protocol\// }, ({ path }) => {
      if (path.endsWith('/protocol/index.ts')) return { path: index, external: true };
      if (path.endsWith('/protocol/legacy/index.ts')) return { path: legacy, external: true };
      return { errors: [{ text: `${path} is not public` }] };
    });
  },
});

/**
 * Bundles TypeScript that imports `protocol/` so that it imports the package instead.
 * @param source text, its imports relative to the project's root
 * @returns the text of an ESM module
 */
export async function bundleFor(
  source: string,
  options: { platform: 'node' | 'browser'; index: string; legacy: string },
): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: join(root), loader: 'ts' },
    bundle: true,
    format: 'esm',
    target: 'es2022',
    platform: options.platform,
    plugins: [fromPackage(options.index, options.legacy)],
    write: false,
    logLevel: 'silent',
  });
  return outputFiles[0]?.text ?? '';
}
