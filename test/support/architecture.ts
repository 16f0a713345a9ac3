import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';

/** Source text by path relative to the project's root. */
export type Sources = ReadonlyMap<string, string>;

const FOLDERS = [
  'protocol',
  'schemas',
  'topics',
  'services',
  'connectors',
  'cli',
  'stack',
  'sdk',
  'bench',
  'examples',
  'test',
];

/** Libraries that only their connector (and the frozen baseline of the benchmark) may import. */
const FENCED = [
  'kafkajs',
  'ipfs-http-client',
  '@polkadot/api',
  'pg',
  '@aws-sdk/client-s3',
  '@aws-sdk/lib-storage',
  '@duckdb/node-bindings',
];

const ROOM_FREE = ['services/pipeline', 'protocol', 'topics', 'schemas'];

/** Which folders a file of a folder may import. `cli`, `stack`, `bench`, `examples`, `test` and the tests beside the code may import everything. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  protocol: ['protocol'],
  schemas: ['schemas'],
  topics: ['topics', 'schemas'],
  'services/pipeline': ['services/pipeline', 'protocol', 'schemas', 'topics'],
  connectors: ['connectors', 'services/pipeline', 'protocol', 'schemas', 'topics'],
  // A consumer of the log is the corridor's reader over Kafka: an entry of its own, and nothing else of the SDK may lead there.
  'sdk/js/kafka': ['sdk', 'connectors/kafka', 'connectors/registry', ...ROOM_FREE],
  sdk: ['sdk', 'protocol'],
};

/** Which folders only their own files may import, beside those that may import everything: what is in them must not get into a browser. */
const CLOSED = ['sdk/js/kafka', 'sdk/js/node'];

/** Where the environment, clocks and randomness may enter; `random-words.ts` fetches for libsodium what it would fetch by itself. */
const EDGES = [
  ...[/(^|\/)main\.ts$/, /^protocol\/random-words\.ts$/],
  ...[/^cli\//, /^stack\//, /^bench\//, /^test\//, /^examples\//, /^sdk\//, /\.test\.ts$/],
];
const AMBIENT =
  /\bprocess\.env\b|\bDate\.now\(|\bnew Date\(\s*\)|\bMath\.random\(|\brandomBytes\(|\brandomUUID\(|\bgetRandomValues\(/;

/** Holds broken imports as text, on purpose. */
const SAMPLES = 'architecture.test.ts';

/** Reads every TypeScript and JavaScript source of the project. */
export function readSources(root: string): Sources {
  const sources = new Map<string, string>();
  const walk = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        if (!['node_modules', 'dist', '.ddc'].includes(entry.name)) walk(path);
      } else if (/\.(ts|mjs|js)$/.test(entry.name) && entry.name !== SAMPLES) {
        sources.set(relative(root, path), readFileSync(path, 'utf8'));
      }
    }
  };
  for (const folder of FOLDERS) walk(join(root, folder));
  return sources;
}

/** Every broken rule as `file: what`, sorted. */
export function violations(sources: Sources): string[] {
  const found: string[] = [];
  for (const [file, text] of sources) {
    const code = withoutComments(text);
    for (const specifier of importsOf(code)) found.push(...judgeImport(file, specifier));
    if (AMBIENT.test(code) && !EDGES.some((edge) => edge.test(file))) {
      found.push(`${file}: environment, clock or randomness outside main.ts (${AMBIENT.exec(code)?.[0]})`);
    }
  }
  return found.sort();
}

function judgeImport(file: string, specifier: string): string[] {
  if (!specifier.startsWith('.')) {
    const fenced = FENCED.find((name) => specifier === name || specifier.startsWith(`${name}/`));
    const inside = file.startsWith('connectors/') || file.startsWith('bench/baseline/');
    return fenced && !inside ? [`${file}: ${fenced} is imported only under connectors/ and bench/baseline/`] : [];
  }
  const target = normalize(join(dirname(file), specifier));
  const allowed = allowedFor(file);
  const closed = CLOSED.find((folder) => target.startsWith(`${folder}/`));
  const isOpen = closed === undefined || file.startsWith(`${closed}/`);
  if (allowed === 'everything' || (isOpen && allowed.some((folder) => target.startsWith(`${folder}/`)))) return [];
  return [`${file}: may not import ${target}`];
}

function allowedFor(file: string): readonly string[] | 'everything' {
  if (/\.test\.ts$/.test(file)) return 'everything';
  const room = /^services\/([^/]+)\//.exec(file)?.[1];
  if (room && room !== 'pipeline') {
    const own = [`services/${room}`, ...ROOM_FREE];
    return file.endsWith('/main.ts') ? [...own, 'connectors'] : own;
  }
  const folder = Object.keys(ALLOWED).find((name) => file.startsWith(`${name}/`));
  return folder === undefined ? 'everything' : (ALLOWED[folder] ?? []);
}

function importsOf(code: string): string[] {
  const pattern = /\b(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g;
  return [...code.matchAll(pattern)].map((match) => match[1] as string);
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');
}
