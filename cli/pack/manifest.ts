import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../stack/root.mjs';

/** The members of a package.json that are read here. */
interface Manifest {
  version: string;
  license: string;
  engines: Record<string, string>;
  dependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
}

const manifestAt = (...path: string[]) => JSON.parse(readFileSync(join(root, ...path), 'utf8')) as Manifest;

/**
 * Exactly what the code imports, and what those demand to stand beside them, at the versions that the tests ran with: not ranges, because
 * `sodium.ts` calls exports of libsodium's wasm that lie below its published interface.
 */
function dependenciesOf(imported: readonly string[]): Record<string, string> {
  const ours = manifestAt('package.json').dependencies ?? {};
  const versions = new Map<string, string>();
  for (const name of imported) {
    const version = ours[name];
    if (version === undefined) throw new Error(`${name} is imported and not among the dependencies`);
    versions.set(name, version);
    for (const peer of Object.keys(manifestAt('node_modules', name, 'package.json').peerDependencies ?? {}))
      versions.set(peer, manifestAt('node_modules', peer, 'package.json').version);
  }
  return Object.fromEntries([...versions].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * The package.json of the package. Version, license and engines are the project's.
 * @param imported names of the packages that its JavaScript imports
 */
export function packageManifest(imported: readonly string[]): object {
  const { version, license, engines } = manifestAt('package.json');
  const entry = (name: string) => ({ types: `./dist/${name}.d.ts`, default: `./dist/${name}.js` });
  return {
    name: '@cere-ddc/protocol',
    version,
    description:
      'What both ends of the Cere Decentralized Data Cloud agree on, byte for byte: signed events, scopes, disclosures, envelopes, requests.',
    license,
    type: 'module',
    engines,
    main: './dist/index.js',
    types: './dist/index.d.ts',
    exports: {
      '.': entry('index'),
      './legacy': entry('legacy/index'),
      './browser': entry('browser'),
      './vectors/*': './vectors/*',
      './package.json': './package.json',
    },
    // Our modules change nothing when they are imported. The bundle holds packages that do: one registers itself, one starts its wasm.
    sideEffects: ['./dist/browser.js'],
    dependencies: dependenciesOf(imported),
  };
}
