import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { build } from 'esbuild';
import { run } from '../../cli/pack/compile.ts';
import { pack } from '../../cli/pack/pack.ts';
import { root } from '../../stack/root.mjs';
import { bundleFor } from '../support/packed.ts';

const MINUTES = 60_000;
const VECTORS = ['protocol-v1.json', 'protocol-v1-extra.json', 'requests-v1.json', 'blobs-v1.json', 'cere-legacy.json'];

let folder = '';
let installed = '';
let tarball = '';
const packed = (file: string) => readFileSync(join(installed, file), 'utf8');

/** Files of the package, relative to it. */
const files = () =>
  readdirSync(installed, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(installed.length + 1))
    .filter((name) => !name.startsWith('node_modules/'))
    .sort();

/** A block of code of the README, the first of its language. */
const block = (...languages: string[]) =>
  new RegExp(`^\`\`\`(?:${languages.join('|')})\n([\\s\\S]*?)^\`\`\``, 'm').exec(packed('README.md'))?.[1] ?? '';

/** Packs, and installs the tarball in an empty folder as anybody would; a cache of npm is used where there is one. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ddc-stranger-'));
  tarball = await pack(join(folder, 'from'));
  const home = join(folder, 'home');
  await mkdir(home);
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error', '--prefer-offline'];
  await run('npm', ['install', tarball, '--prefix', home, ...quiet], home);
  installed = join(home, 'node_modules/@cere-ddc/protocol');
}, 5 * MINUTES);

afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the package', () => {
  test('is named by the version that the project has, and holds what it should and nothing else', () => {
    const { version, engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    expect(basename(tarball)).toBe(`cere-ddc-protocol-${version}.tgz`);
    expect(JSON.parse(packed('package.json'))).toMatchObject({ name: '@cere-ddc/protocol', version, engines });
    const all = files();
    expect(all).toEqual(
      expect.arrayContaining(['LICENSE', 'README.md', 'THIRD-PARTY-LICENSES.txt', 'docs/formats.md']),
    );
    expect(all).toEqual(expect.arrayContaining(['docs/api/index.md', 'docs/api/legacy.md', 'dist/browser.js']));
    expect(all.filter((name) => name.startsWith('vectors/'))).toEqual(VECTORS.map((name) => `vectors/${name}`).sort());
    const rest = all.filter(
      (name) => !/^(dist\/[\w/-]+(\.d\.ts|\.js)|vectors\/[\w-]+\.json|docs\/[\w/]+\.md)$/.test(name),
    );
    expect(rest).toEqual(['LICENSE', 'README.md', 'THIRD-PARTY-LICENSES.txt', 'package.json']);
  });

  test('depends on what its code imports, with what these ask for beside them, and on nothing else', () => {
    expect(Object.keys(JSON.parse(packed('package.json')).dependencies)).toEqual([
      '@polkadot/util',
      '@polkadot/wasm-crypto',
      '@polkadot/x-randomvalues',
      'libsodium-wrappers',
    ]);
  });

  test('every link of its pages leads to a file in it', () => {
    const broken = files()
      .filter((name) => name.endsWith('.md'))
      .flatMap((page) =>
        [...packed(page).matchAll(/\]\(([^)\s#]+)[^)\s]*\)/g)]
          .map((match) => match[1] as string)
          .filter((link) => !/^[a-z]+:/.test(link) && !existsSync(join(installed, dirname(page), link)))
          .map((link) => `${page}: ${link}`),
      );
    expect(broken).toEqual([]);
  });

  test('the bundle has the size that the README states', () => {
    const stated = /(\d+) kB, (\d+) kB gzipped/.exec(packed('README.md'));
    const bundle = readFileSync(join(installed, 'dist/browser.js'));
    for (const [size, kilobytes] of [
      [bundle.length, Number(stated?.[1])],
      [gzipSync(bundle, { level: 9 }).length, Number(stated?.[2])],
    ] as const) {
      expect(Math.abs(size - 1000 * kilobytes) / size).toBeLessThan(0.03);
    }
  });

  test('there are as many cases as the README says', () => {
    const cases = VECTORS.reduce((sum, name) => sum + JSON.parse(packed(`vectors/${name}`)).cases.length, 0);
    expect(packed('README.md')).toContain(`: ${cases} cases for other implementations`);
  });

  test('a bundler takes of it only what is used', async () => {
    const { outputFiles } = await build({
      stdin: {
        contents: "import { toHex } from '@cere-ddc/protocol'; console.log(toHex);",
        resolveDir: dirname(folder),
      },
      alias: { '@cere-ddc/protocol': join(installed, 'dist/index.js') },
      bundle: true,
      write: false,
      platform: 'browser',
    });
    expect(outputFiles[0]?.contents.length).toBeLessThan(30_000);
  });
});

describe('a stranger', () => {
  const home = () => join(folder, 'home');

  test('runs the first example of the README as it is written, and sees what it says', async () => {
    await writeFile(join(home(), 'first.mjs'), block('js', 'ts'));
    const printed = await run(process.execPath, ['first.mjs'], home());
    expect(block('text')).not.toBe('');
    expect(printed).toBe(block('text'));
  });

  test(
    'has types under strict NodeNext, libraries checked too',
    async () => {
      await writeFile(join(home(), 'typed.mts'), TYPED);
      await writeFile(join(home(), 'tsconfig.json'), JSON.stringify({ compilerOptions: STRICT, files: ['typed.mts'] }));
      const compiler = join(root, 'node_modules/typescript/bin/tsc');
      await run(process.execPath, [compiler, '-p', '.'], home());
    },
    2 * MINUTES,
  );

  test.each([
    ['the modules', '@cere-ddc/protocol', '@cere-ddc/protocol/legacy'],
    ['the browser bundle', '@cere-ddc/protocol/browser', '@cere-ddc/protocol/browser'],
  ])(
    'reproduces every packed vector with %s, where no text may become code',
    async (_, index, legacy) => {
      const source = "import './test/package/run-vectors.ts';";
      const text = await bundleFor(source, { platform: 'node', index, legacy });
      expect(text).toContain(`from "${index}"`);
      await writeFile(join(home(), 'run-vectors.mjs'), text);
      const cases = VECTORS.reduce((sum, name) => sum + JSON.parse(packed(`vectors/${name}`)).cases.length, 0);
      const strict = ['--disallow-code-generation-from-strings', 'run-vectors.mjs', ...VECTORS];
      expect(JSON.parse(await run(process.execPath, strict, home()))).toEqual({
        passed: cases,
        failed: [],
        evaluates: false,
      });
      const control = JSON.parse(await run(process.execPath, ['run-vectors.mjs'], home()));
      expect(control).toEqual({ passed: 0, failed: [], evaluates: true });
    },
    2 * MINUTES,
  );
});

const STRICT = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  module: 'NodeNext',
  target: 'ES2022',
  resolveJsonModule: true,
  skipLibCheck: false,
  types: [],
  noEmit: true,
};

const TYPED = `
import { type Event, KINDS, keyPairFromSeed, ProtocolError, type ProtocolErrorCode, ready, type SignedBatch, signBatch, verifyRequest } from '@cere-ddc/protocol';
import { ready as readyInBrowser, toHex } from '@cere-ddc/protocol/browser';
import { decodeLegacy, type LegacyPlaintext } from '@cere-ddc/protocol/legacy';
import vectors from '@cere-ddc/protocol/vectors/protocol-v1.json' with { type: 'json' };

await ready();
await readyInBrowser();
const keyPair = keyPairFromSeed('sr25519', new Uint8Array(32));
const key: string = toHex(keyPair.publicKey);
const event: Event = { id: '', type: '', time: '', scopes: { geo: { salt: '', data: '' } } };
const fields = { network: 'n', app: key, wallet: key, source: '', seq: 0, issuedAt: 0, signer: 'wallet', wrap: 'none' } as const;
const batch: SignedBatch = signBatch({ ...fields, algorithm: 'sr25519', events: [event], keyPair });
// @ts-expect-error there is no such algorithm
signBatch({ ...fields, algorithm: 'rsa', events: [event], keyPair });
const grant = verifyRequest({}, { network: 'n', kind: 'grant' });
const scope: string = grant.content.scope;
const recipient: Uint8Array = grant.content.recipient;
// @ts-expect-error a grant selects no events
grant.content.events;
const code: ProtocolErrorCode = new ProtocolError('signature').code;
const opened: LegacyPlaintext = decodeLegacy({ data: '', master: '', generation: 'G1' });
export const all: unknown[] = [batch.batchId, scope, recipient, code, opened.warnings, vectors.cases.length, KINDS.grant.summary];
`;

test('the size of a tarball is that of a library', () => {
  expect(statSync(tarball).size).toBeLessThan(1_000_000);
});
