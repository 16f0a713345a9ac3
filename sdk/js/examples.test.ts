import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { run } from '../../cli/pack/compile.ts';
import { toHex } from '../../protocol/index.ts';
import { nodeArguments } from '../../stack/built.ts';
import { root } from '../../stack/root.mjs';
import { app, type MemoryApi, startMemoryApi } from '../../test/support/api.ts';
import { memoryRooms } from '../../test/support/memory-rooms.ts';

const read = (file: string) => readFileSync(join(root, file), 'utf8');
/** What a page's examples take for given. */
const GIVEN = `
const [url = '', appHex = '', outbox = ''] = process.argv.slice(2);
const app: string = appHex;
const phrase = \`bottom drive obey lake curtain smoke basket hold race lonely fit walk//\${outbox}\`;
`;
const imports = (here: string) => `
import { accountFromPhrase, Ddc, DdcClient, type Account, type ConnectOptions, memoryQueue } from '${here}/index.ts';
import { fileQueue } from '${here}/node/index.ts';
import { kafkaLog } from '${here}/kafka/index.ts';
import { verifyDisclosure } from '${here}/../../protocol/index.ts';
export {};
`;
const fromPage = (file: string) =>
  [...read(file).matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(([, code]) => code as string);
/** The `@example`s of a source, without the stars of their comment. */
const fromSource = (file: string) =>
  [...read(file).matchAll(/@example\n([\s\S]*?)\*\//g)].map(([, text]) =>
    (text as string).replace(/^\s*\* ?/gm, '').replace(/^import .*\n/gm, ''),
  );
const wrapped = (code: string) => `async () => {\n${code}\n};\n`;

let folder = '';
let it: MemoryApi;
let working: ReturnType<typeof setInterval>;
beforeAll(async () => {
  folder = join(root, 'sdk/js', `.examples-${process.pid}`);
  mkdirSync(folder);
  it = await startMemoryApi();
  const rooms = memoryRooms(it, it.vault);
  working = setInterval(() => void rooms.run(), 25);
});
afterAll(async () => {
  clearInterval(working);
  await it?.api.close();
  rmSync(folder, { recursive: true, force: true });
});

test('every example of the SDK compiles against it', async () => {
  const methods = fromSource('sdk/js/ddc.ts');
  const queue = fromSource('sdk/js/node/file-queue.ts').concat(
    fromSource('sdk/js/queue/batch-queue.ts'),
    fromSource('sdk/js/kafka/kafka-log.ts'),
  );
  const pages = fromPage('docs/sdk.md');
  for (const found of [methods, queue, pages]) expect(found.length).toBeGreaterThan(1);
  const given = `
declare const ddc: Ddc, friend: Ddc;
declare const id: string, batchId: string;
declare const account: Account;
`;
  const own = [...methods, ...queue].map(wrapped);
  const text = `${imports('..')}${GIVEN}${given}${[...own, ...pages.map(wrapped)].map((code, i) => `export const example${i} = ${code}`).join('')}`;
  writeFileSync(join(folder, 'all.ts'), text);
  const config = {
    extends: '../../../tsconfig.json',
    compilerOptions: { noUnusedLocals: false },
    include: ['all.ts'],
    exclude: [],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder], root);
}, 120_000);

test('the examples of docs/sdk.md run, and print what they say', async () => {
  const [script = ''] = nodeArguments('sdk/js/index.ts').slice(-1);
  const built = script.replace(/\/index\.js$/, '');
  const { transform } = await import('esbuild');
  const printed: string[] = [];
  for (const [i, code] of fromPage('docs/sdk.md').entries()) {
    const { code: js } = await transform(`${imports(built).replaceAll('.ts', '.js')}${GIVEN}${code}`, {
      loader: 'ts',
      format: 'esm',
      target: 'es2022',
    });
    writeFileSync(join(folder, `page-${i}.mjs`), js);
    const outbox = join(folder, `outbox-${i}`);
    printed.push(
      await run(process.execPath, [join(folder, `page-${i}.mjs`), it.url, toHex(app.publicKey), outbox], root),
    );
  }
  expect(printed[0]).toBe("true true { title: 'Blue Train', dollars: 29.33 }\n");
  expect(printed[1]).toBe(`[ 'purchase' ] { purchase: '{"title":"Giant Steps"}' }\n`);
}, 120_000);
