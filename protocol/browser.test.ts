import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { createContext, runInContext } from 'node:vm';
import { describe, expect, test } from '@jest/globals';
import { build } from 'esbuild';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Runs vectors inside the page; `OPERATIONS` answers with JSON values. */
const ENTRY = `
  import { ProtocolError, ready } from './index.ts';
  import { OPERATIONS, REFUSED } from '../cli/vector-operations.ts';
  globalThis.run = async (text) => {
    await ready();
    return JSON.parse(text).map(({ id, op, input, out }) => {
      try {
        const actual = OPERATIONS[op](input);
        if (actual === REFUSED) return [id, 'refused'];
        return [id, out && Object.keys(out).every((name) => JSON.stringify(actual[name]) === JSON.stringify(out[name])) ? 'same' : 'differs'];
      } catch (error) {
        return [id, error instanceof ProtocolError ? 'refused' : String(error)];
      }
    });
  };
`;

/** A page's globals, of the page's own realm, and nothing of Node. */
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
  globalThis.atob = (text) => host.atob(text);
  globalThis.btoa = (text) => host.btoa(text);
  globalThis.location = { href: 'https://example.org/' };
`;

async function bundle() {
  const result = await build({
    stdin: { contents: ENTRY, resolveDir: at('.'), loader: 'ts' },
    bundle: true,
    platform: 'browser',
    format: 'iife',
    target: 'es2022',
    write: false,
    metafile: true,
    logLevel: 'silent',
  });
  return {
    text: result.outputFiles[0]?.text ?? '',
    inputs: Object.keys(result.metafile.inputs),
    warnings: result.warnings,
  };
}

describe('in a browser', () => {
  test('the bundle has no part of Node, and reproduces every vector in a bare page', async () => {
    const { text, inputs } = await bundle();
    expect(inputs.filter((input) => input.startsWith('node:'))).toEqual([]);
    const host = {
      random: () => Math.floor(Math.random() * 256),
      encoder: () => new TextEncoder(),
      decoder: (label: string, options: { fatal?: boolean; ignoreBOM?: boolean }) => new TextDecoder(label, options),
      atob,
      btoa,
    };
    const page = createContext({ host, console });
    runInContext(PAGE, page);
    runInContext(text, page);
    for (const file of ['protocol-v1.json', 'protocol-v1-extra.json', 'cere-legacy.json']) {
      const { cases } = JSON.parse(await readFile(at(`../test/vectors/${file}`), 'utf8')) as {
        cases: Record<string, unknown>[];
      };
      const small = cases.filter((one) => !JSON.stringify(one.in).includes('"repeat"'));
      const sent = JSON.stringify(small.map((one) => ({ id: one.id, op: one.op, input: one.in, out: one.out })));
      const answers = (await runInContext(`run(${JSON.stringify(sent)})`, page)) as [string, string][];
      const wanted = small.map((one) => [one.id, one.valid ? 'same' : 'refused']);
      expect(JSON.parse(JSON.stringify(answers))).toEqual(wanted);
    }
  });

  test('no file here imports a module of Node', async () => {
    const { inputs } = await bundle();
    const ours = inputs.filter((input) => input.includes('protocol/') && !input.includes('node_modules'));
    expect(ours.length).toBeGreaterThan(20);
    for (const input of ours)
      expect(await readFile(at(`../${input.slice(input.lastIndexOf('protocol/'))}`), 'utf8')).not.toMatch(
        /from 'node:/,
      );
  });
});
