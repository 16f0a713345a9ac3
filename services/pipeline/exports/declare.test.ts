import { beforeEach, expect, test } from '@jest/globals';
import { createMemoryApps } from '../../../connectors/postgres/memory-apps.ts';
import { createMemoryExports } from '../../../connectors/postgres/memory-exports.ts';
import { MOST_EXPORTS } from '../ports/exports.ts';
import { type DeclareEdges, declareExport, judgeDeclaration } from './declare.ts';
import { BadDeclaration } from './problem.ts';
import { StartTrimmed } from './start.ts';

const app = new Uint8Array(32).fill(7);
const APP = '07'.repeat(32);
const good = { name: 'sales', scopes: ['purchase'], sink: 'files', config: { folder: '/x' } };
let edges: DeclareEdges;

beforeEach(async () => {
  const apps = createMemoryApps();
  await apps.add({ app });
  edges = {
    apps,
    exports: createMemoryExports(),
    judgeSink: (sink) => (sink === 'files' ? [] : [{ code: 'unknown_sink', path: 'sink', message: 'no' }]),
    membersOf: async (sink) => (sink === 'files' ? { folder: 'folder' } : null),
    startsOf: async (from) => {
      if (from === 0) throw new StartTrimmed(1, 5);
      return from === 'beginning' ? [] : [{ next: 4, mark: 3 }];
    },
    now: () => 1_000_000,
  };
});

const judge = (input: unknown, of = APP) => judgeDeclaration(edges, of, input, 'operator');
/** Code and path of everything that is wrong. */
async function wrong(input: unknown, of = APP): Promise<string[]> {
  const error = await judge(input, of).catch((reason: unknown) => reason);
  if (!(error instanceof BadDeclaration)) throw new Error(`no refusal: ${String(error)}`);
  return error.problems.map(({ code, path }) => `${code} ${path}`.trim()).sort();
}

test('what is not said is as documented, and where it starts is settled now', async () => {
  const rest = { types: null, schema: 'typed', by: 'operator', app: new Uint8Array(app) };
  expect(await judge(good)).toEqual({ ...good, ...rest, from: 'beginning', starts: [] });
  expect(await judge({ ...good, from: 'now', types: ['A'], schema: 'text' })).toEqual({
    ...{ ...good, ...rest, types: ['A'], schema: 'text' },
    ...{ from: 'now', starts: [{ next: 4, mark: 3 }] },
  });
  expect((await judge({ ...good, from: '1970-01-01T01:00:01+01:00' })).from).toBe(1_000);
});

test('everything that is wrong is told at once', async () => {
  const bad = {
    ...{ name: 'No', types: [], scopes: ['a', 'a', '__meta', 'b c'], sink: 'nowhere', from: 2_000_000, colour: 1 },
    config: { url: { secret: '../kek' }, deep: [{ secret: 'fine' }] },
  };
  expect(await wrong(bad, '01'.repeat(32))).toEqual([
    'invalid name',
    'invalid scopes',
    'invalid scopes.2',
    'invalid scopes.3',
    'invalid types',
    'secret_name config.url',
    'start_ahead from',
    'unknown_app app',
    'unknown_member colour',
    'unknown_sink sink',
  ]);
  expect(await wrong({})).toEqual(['missing name', 'missing scopes', 'missing sink']);
  expect(await wrong([])).toEqual(['invalid']);
  expect(await wrong({ ...good, from: 0, schema: 'loose' })).toEqual(['invalid schema', 'start_trimmed from']);
});

test('a time before 1970 is wrong as well, whichever way it is said: Kafka takes it for no time', async () => {
  expect(await wrong({ ...good, from: '0186-06-10T15:22:54Z', schema: 'loose' })).toEqual([
    'invalid from',
    'invalid schema',
  ]);
  expect(await wrong({ ...good, from: '1970-01-01T00:00:00+00:01' })).toEqual(['invalid from']);
  expect(await wrong({ ...good, from: -1 })).toEqual(['invalid from']);
  expect((await judge({ ...good, from: '1970-01-01T00:00:00.001Z' })).from).toBe(1);
});

test('a name is taken once, whoever is faster', async () => {
  const [first, second] = [await judge(good), await judge(good)];
  await declareExport(edges, first, 'running');
  await expect(declareExport(edges, second, 'running')).rejects.toMatchObject({
    problems: [{ code: 'name_taken', path: 'name' }],
  });
  expect(await wrong(good)).toEqual(['name_taken name']);
});

test('two exports have no target in common: each would take the rows of the other for delivered', async () => {
  await declareExport(edges, await judge({ ...good, types: ['PURCHASE'] }), 'running');
  const logins = { ...good, name: 'logins', types: ['LOGIN'] };
  expect(await wrong(logins)).toEqual(['another_export config']);
  expect(await judge({ ...logins, config: { folder: '/x/logins' } })).toMatchObject({ name: 'logins' });
});

test('no more than the deployment takes', async () => {
  const each = (n: number) => ({ ...good, name: `e${n}`, config: { folder: `/x/${n}` } });
  for (let n = 0; n < MOST_EXPORTS; n += 1) await declareExport(edges, await judge(each(n)), 'paused');
  expect(await wrong(each(MOST_EXPORTS))).toEqual(['too_many_exports']);
});

test('who declares may be bound further', async () => {
  edges = {
    ...edges,
    bounds: async ({ sink }) => [{ code: 'sink_not_allowed', path: 'sink', message: `not ${sink}` }],
  };
  expect(await wrong({ ...good, name: '' })).toEqual(['invalid name', 'sink_not_allowed sink']);
});
