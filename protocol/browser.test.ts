import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Context, createContext, runInContext, SourceTextModule } from 'node:vm';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { bundle } from '../cli/pack/bundle.ts';
import { type Case, expand } from '../cli/run-case.ts';
import { bundleFor } from '../test/support/packed.ts';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const BUNDLE = './browser.js';

/** Runs vectors inside the page; `OPERATIONS` answers with JSON values, of which those are sent back that the case names. */
const RUNNER = `
  import { ProtocolError, ready } from './protocol/index.ts';
  import { OPERATIONS, REFUSED } from './cli/vector-operations.ts';
  globalThis.run = async (text) => {
    await ready();
    return JSON.stringify(JSON.parse(text).map(({ op, input, names }) => {
      try {
        const actual = OPERATIONS[op](input);
        return actual === REFUSED ? 'refused' : Object.fromEntries(names.map((name) => [name, actual[name]]));
      } catch (error) {
        return error instanceof ProtocolError ? 'refused' : String(error);
      }
    }));
  };
`;

/** A page's globals, of the page's own realm, and nothing of Node. `URL` is not part of the language either. */
const PAGE = `
  globalThis.self = globalThis.window = globalThis;
  globalThis.crypto = { getRandomValues: (array) => { for (let i = 0; i < array.length; i++) array[i] = host.random(); return array; } };
  globalThis.TextEncoder = class {
    #inner = host.encoder();
    encode(text) { return new Uint8Array(this.#inner.encode(text)); }
    encodeInto(text, into) { return this.#inner.encodeInto(text, into); }
  };
  globalThis.TextDecoder = class {
    #inner;
    constructor(label, options) { this.#inner = host.decoder(label, options); }
    decode(bytes) { return this.#inner.decode(bytes); }
  };
  globalThis.URL = class { constructor(text) { this.pathname = host.pathOf(text); } };
  globalThis.atob = (text) => host.atob(text);
  globalThis.btoa = (text) => host.btoa(text);
  globalThis.location = { href: 'https://example.org/' };
`;

const host = {
  random: () => Math.floor(Math.random() * 256),
  encoder: () => new TextEncoder(),
  decoder: (label: string, options: { fatal?: boolean; ignoreBOM?: boolean }) => new TextDecoder(label, options),
  pathOf: (text: string) => new URL(text).pathname,
  atob,
  btoa,
};

/** A bare page that has loaded the bundle and the runner. Without `strings`, as under a Content-Security-Policy that has 'wasm-unsafe-eval' only. */
async function pageWith(shipped: string, strings: boolean): Promise<Context> {
  const page = createContext({ host, console }, { codeGeneration: { strings, wasm: true } });
  runInContext(PAGE, page);
  const runner = await bundleFor(RUNNER, { platform: 'browser', index: BUNDLE, legacy: BUNDLE });
  const module = (text: string, name: string) =>
    new SourceTextModule(text, {
      context: page,
      identifier: name,
      initializeImportMeta: (meta) => {
        meta.url = `https://example.org/${name}`;
      },
    });
  const library = module(shipped, 'browser.js');
  // The bundle imports nothing.
  await library.link((specifier) => {
    throw new Error(`the bundle imports ${specifier}`);
  });
  const main = module(runner, 'runner.js');
  await main.link((specifier) => {
    if (specifier !== BUNDLE) throw new Error(`the runner imports ${specifier}`);
    return library;
  });
  await main.evaluate();
  return page;
}

const casesOf = async (file: string) =>
  (JSON.parse(await readFile(at(`../test/vectors/${file}`), 'utf8')) as { cases: Case[] }).cases;

describe('the shipped bundle in a bare page', () => {
  let folder = '';
  let shipped = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ddc-bundle-'));
    await bundle(folder);
    shipped = await readFile(join(folder, 'browser.js'), 'utf8');
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('a page that forbids code out of text forbids it; another does not', async () => {
    const strict = await pageWith(shipped, false);
    for (const text of ["eval('1')", "new Function('return 1')()"]) {
      expect(() => runInContext(text, strict)).toThrow('Code generation from strings disallowed');
      expect(runInContext(text, await pageWith(shipped, true))).toBe(1);
    }
  });

  test.each(['protocol-v1.json', 'protocol-v1-extra.json', 'requests-v1.json', 'blobs-v1.json', 'cere-legacy.json'])(
    'reproduces every vector of %s, though no text may become code',
    async (file) => {
      const page = await pageWith(shipped, false);
      const cases = await casesOf(file);
      const sent = cases.map((one) => ({ op: one.op, input: expand(one.in), names: Object.keys(one.out ?? {}) }));
      const answers = (await runInContext(`run(${JSON.stringify(JSON.stringify(sent))})`, page)) as string;
      const wanted = cases.map((one) => [one.id, one.valid ? expand(one.out) : 'refused']);
      expect((JSON.parse(answers) as unknown[]).map((answer, i) => [cases[i]?.id, answer])).toEqual(wanted);
    },
  );
});
