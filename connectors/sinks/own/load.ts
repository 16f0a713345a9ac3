import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Plugin } from 'esbuild';
import type { SinkSpec } from '../../../services/pipeline/define-sink.ts';
import { FatalError } from '../../../services/pipeline/errors.ts';
import { kit } from './kit.ts';

/** Packages are found from where the importing file lies, and stay outside. */
const packagesInPlace: Plugin = {
  name: 'packages in place',
  setup(build) {
    build.onResolve({ filter: /^[^./]/ }, async ({ path, kind, resolveDir, pluginData }) => {
      if (kind === 'entry-point' || pluginData === kit || isBuiltin(path)) return undefined;
      const found = await build.resolve(path, { kind, resolveDir, pluginData: kit });
      return found.errors.length > 0 ? found : { path: pathToFileURL(found.path).href, external: true };
    });
  },
};

/** A module of a TypeScript file and the files beside it that it imports. Node 20 reads none by itself. */
async function importTypescript(path: string): Promise<unknown> {
  const esbuild = await import('esbuild');
  const built = await esbuild.build({
    ...{ entryPoints: [path], bundle: true, write: false, format: 'esm', platform: 'node', target: 'node20' },
    ...{ plugins: [packagesInPlace], logLevel: 'silent', sourcemap: 'inline' },
  });
  const folder = await mkdtemp(join(tmpdir(), 'ddc-sink-'));
  try {
    const file = join(folder, 'sink.mjs');
    await writeFile(file, built.outputFiles?.[0]?.contents ?? '');
    return await import(pathToFileURL(file).href);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function specOf(module: unknown, path: string): SinkSpec {
  const make = (module as { readonly default?: unknown }).default;
  const spec: unknown = typeof make === 'function' ? make(kit) : make;
  const { name, create, config, members } = (spec ?? {}) as Partial<SinkSpec>;
  if (typeof name === 'string' && typeof create === 'function' && typeof config?.safeParse === 'function') {
    // A file that says nothing of its members leaves them all to the operator.
    return { ...(spec as SinkSpec), members: members ?? {} };
  }
  throw new FatalError(
    'bad_sink_file',
    `${path} is named in DDC_SINKS, but its default export is no function (kit) => kit.defineSink({ name, summary, config, members, create, trial }).`,
  );
}

/** Sinks of one's own, each a file of TypeScript or JavaScript. @throws FatalError `bad_sink_file` */
export async function loadSinks(files: readonly string[]): Promise<SinkSpec[]> {
  const specs: SinkSpec[] = [];
  for (const file of files) {
    const path = resolve(file);
    try {
      const module = path.endsWith('.ts') ? await importTypescript(path) : await import(pathToFileURL(path).href);
      specs.push(specOf(module, path));
    } catch (cause) {
      if (cause instanceof FatalError) throw cause;
      throw new FatalError('bad_sink_file', `${path} is named in DDC_SINKS, but cannot be read: ${reason(cause)}`, {
        cause,
      });
    }
  }
  return specs;
}

const reason = (cause: unknown): string => (cause as { readonly message?: string }).message ?? String(cause);
