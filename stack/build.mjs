// Turns the TypeScript sources into JavaScript, file by file, so that a process starts in half a second. `npm run build` fills
// `dist/` for an image. In a clone `ddc`, the tests and the rooms run from `.ddc/build/<hash of the sources>/`: a process that is
// started again runs what it ran before, whatever was edited in the meantime.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { argv } from 'node:process';
import { pathToFileURL } from 'node:url';
import { root } from './root.mjs';

const PRODUCT = ['protocol', 'schemas', 'topics', 'services', 'connectors', 'cli', 'stack', 'sdk', 'bench'];
const CLONE = [...PRODUCT, 'examples', 'test'];
const UNUSED_DAYS = 7;

/** TypeScript to be transpiled, and the plain JavaScript of `stack/` and `test/support/`, which is taken as it is. Relative to the root, sorted. */
async function sourcesOf(folders) {
  const all = await Promise.all(
    folders.map(async (folder) =>
      (await readdir(join(root, folder), { recursive: true })).map((f) => `${folder}/${f}`),
    ),
  );
  const files = all.flat().sort();
  return {
    typescript: files.filter((file) => /(?<!\.d)\.ts$/.test(file) && !file.endsWith('.test.ts')),
    plain: files.filter((file) => /^(stack\/(?!build)|test\/support\/).*\.mjs$/.test(file)),
  };
}

/** Every import stays an import; those of the project's own files get the new ending. */
const importsAsTheyAre = {
  name: 'imports as they are',
  setup({ onResolve }) {
    onResolve({ filter: /./ }, ({ kind, path }) =>
      kind === 'entry-point'
        ? undefined
        : { path: path.startsWith('.') ? path.replace(/\.ts$/, '.js') : path, external: true },
    );
  },
};

async function compile({ typescript, plain }, outdir) {
  const esbuild = await import('esbuild');
  await esbuild.build({
    absWorkingDir: root,
    entryPoints: typescript,
    outbase: '.',
    outdir,
    bundle: true,
    plugins: [importsAsTheyAre],
    format: 'esm',
    platform: 'node',
    target: 'node20',
    sourcemap: true,
    sourcesContent: false,
    logLevel: 'error',
  });
  await esbuild.stop();
  for (const file of plain) {
    await mkdir(dirname(join(outdir, file)), { recursive: true });
    await cp(join(root, file), join(outdir, file));
  }
}

/** Builds that nobody has asked for in a week. */
async function forgetUnused(builds) {
  for (const name of await readdir(builds)) {
    const folder = join(builds, name);
    const found = await stat(folder).catch(() => null); // another process was quicker
    if (found && Date.now() - found.mtimeMs > UNUSED_DAYS * 86_400_000)
      await rm(folder, { recursive: true, force: true });
  }
}

/**
 * The sources as they are now, as JavaScript; made when it is not there yet.
 * @returns the absolute folder, laid out as the sources
 */
export async function build() {
  const sources = await sourcesOf(CLONE);
  const hash = createHash('sha256');
  for (const file of [...sources.typescript, ...sources.plain, 'package.json', 'tsconfig.json']) {
    hash.update(`${file}\0`).update(await readFile(join(root, file)));
  }
  const builds = join(root, '.ddc', 'build');
  const target = join(builds, hash.digest('hex').slice(0, 16));
  if (!existsSync(target)) {
    const draft = join(builds, `.draft-${process.pid}`);
    await compile(sources, draft);
    await rename(draft, target).catch(async (error) => {
      if (!existsSync(target)) throw error;
      await rm(draft, { recursive: true }); // another process was quicker
    });
    await forgetUnused(builds);
  }
  await utimes(target, new Date(), new Date());
  return target;
}

if (argv[1] && import.meta.url === pathToFileURL(argv[1]).href) {
  if (argv[2] === 'dist') {
    const dist = join(root, 'dist');
    await rm(dist, { recursive: true, force: true });
    await compile(await sourcesOf(PRODUCT), dist);
  } else {
    process.stdout.write(await build());
  }
}
