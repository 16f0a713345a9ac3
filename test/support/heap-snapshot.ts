import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toBase64url, toHex } from '../../protocol/index.ts';
import { eventually } from './room-process.ts';

/** A process that writes a snapshot of its heap when it is asked to: `options` belong into its NODE_OPTIONS. */
export function heapSnapshots() {
  const folder = mkdtempSync(join(tmpdir(), 'ddc-heap-'));
  const files = () => readdirSync(folder).filter((name) => name.endsWith('.heapsnapshot'));
  return {
    options: `--heapsnapshot-signal=SIGUSR2 --diagnostic-dir=${folder}`,
    /**
     * @param pid of the process
     * @param turned resolves once the process has had a turn: the snapshot is written in one, so it is whole then
     * @returns every string in its heap
     */
    async strings(pid: number, turned: () => Promise<unknown>): Promise<string> {
      process.kill(pid, 'SIGUSR2');
      const file = await eventually('a snapshot', async () => files()[0] ?? null);
      await turned();
      const text = readFileSync(join(folder, file), 'utf8');
      rmSync(join(folder, file));
      return heapStrings(JSON.parse(text) as Snapshot).join('\n');
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

interface Snapshot {
  readonly snapshot: {
    readonly meta: {
      readonly node_fields: readonly string[];
      readonly node_types: readonly [readonly string[]];
      readonly edge_fields: readonly string[];
    };
  };
  readonly nodes: readonly number[];
  readonly edges: readonly number[];
  readonly strings: readonly string[];
}

/** Texts longer than this are no keys. V8 itself cuts what it writes at 1,024 characters. */
const LONGEST = 1_024;

/** Strings as they stand, and those that are put together from parts and never were made one (`a + b + c`). */
function heapStrings({ snapshot, nodes, edges, strings }: Snapshot): string[] {
  const { node_fields: fields, node_types: types, edge_fields: edgeFields } = snapshot.meta;
  const at = (list: readonly string[], name: string) => list.indexOf(name);
  const [type, name, count] = [at(fields, 'type'), at(fields, 'name'), at(fields, 'edge_count')];
  const [edgeName, to] = [at(edgeFields, 'name_or_index'), at(edgeFields, 'to_node')];
  const rope = types[0].indexOf('concatenated string');
  const number = (list: readonly number[], i: number) => list[i] as number;
  const firstEdge = new Map<number, number>();
  for (let node = 0, edge = 0; node < nodes.length; node += fields.length) {
    firstEdge.set(node, edge);
    edge += number(nodes, node + count) * edgeFields.length;
  }
  const parts = new Set<number>();
  const ropes: number[] = [];
  const halves = (node: number): number[] => {
    const found: [string, number][] = [];
    const start = firstEdge.get(node) ?? 0;
    const end = start + number(nodes, node + count) * edgeFields.length;
    for (let edge = start; edge < end; edge += edgeFields.length)
      found.push([strings[number(edges, edge + edgeName)] ?? '', number(edges, edge + to)]);
    return ['first', 'second'].flatMap((half) => found.filter(([label]) => label === half).map(([, node]) => node));
  };
  for (let node = 0; node < nodes.length; node += fields.length) {
    if (number(nodes, node + type) !== rope) continue;
    ropes.push(node);
    for (const half of halves(node)) parts.add(half);
  }
  const whole = (top: number): string => {
    let text = '';
    const waiting = [top];
    for (let node = waiting.pop(); node !== undefined && text.length < LONGEST; node = waiting.pop()) {
      if (number(nodes, node + type) === rope) waiting.push(...halves(node).reverse());
      else text += strings[number(nodes, node + name)] ?? '';
    }
    return text;
  };
  return [...strings, ...ropes.filter((node) => !parts.has(node)).map(whole)];
}

/** A snapshot cuts a string at its first NUL. Fewer characters than this stand there by chance. */
const LEAST = 6;

/** How a secret looks as a string. Base64 without its last characters, which also tell what stands behind. */
export function stringForms(secret: Uint8Array): Record<string, string> {
  const nul = secret.indexOf(0);
  const whole = Math.floor((secret.length * 8) / 6);
  return {
    hex: toHex(secret),
    upperHex: toHex(secret).toUpperCase(),
    base64: Buffer.from(secret).toString('base64').slice(0, whole),
    base64url: toBase64url(secret).slice(0, whole),
    latin1: Buffer.from(nul < LEAST ? secret : secret.subarray(0, nul)).toString('latin1'),
    decimal: [...secret].join(','),
  };
}

/** Names of the secrets, and their forms, that stand in these strings. */
export function secretsIn(strings: string, secrets: ReadonlyMap<string, Uint8Array>): string[] {
  const found: string[] = [];
  for (const [name, secret] of secrets)
    for (const [form, text] of Object.entries(stringForms(secret)))
      if (strings.includes(text)) found.push(`${name} as ${form}`);
  return found;
}
