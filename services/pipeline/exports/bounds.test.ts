import { expect, test } from '@jest/globals';
import { sinks } from '../../../connectors/sinks/index.ts';
import { membersOfSinks } from '../../../connectors/sinks/members.ts';
import { type ExportBounds, outOfBounds } from './bounds.ts';
import { memberOf } from './members.ts';

const APP = '0a'.repeat(32);
const PARTNER = '0b'.repeat(32);
const membersOf = membersOfSinks([]);
const bounds: ExportBounds = { sinks: sinks.map(({ name }) => name), folder: '/srv/exports' };

type By = 'app' | `wallet:${string}`;
async function told(sink: string, config: object, by: By = 'app', given = bounds, members = membersOf) {
  const said = { sink, config: config as Record<string, unknown> };
  const problems = await outOfBounds({ bounds: given, membersOf: members }, { by, app: APP }, said);
  return problems.map(({ code, path }) => `${code} ${path}`);
}

test('a folder lies within that of who declares', async () => {
  expect(await told('parquet', { folder: `/srv/exports/${APP}/sales` })).toEqual([]);
  expect(await told('parquet', { folder: `/srv/exports/${APP}` })).toEqual([]);
  expect(await told('ndjson', { folder: `/srv/exports/${PARTNER}/x` }, `wallet:${PARTNER}`)).toEqual([]);
});

const FOLDERS: readonly (readonly [string, unknown])[] = [
  ['elsewhere', '/etc'],
  ['beside it', `/srv/exports/${APP}x`],
  ["another's", `/srv/exports/${PARTNER}/sales`],
  ['out of it', `/srv/exports/${APP}/../${PARTNER}`],
  ['relative', `srv/exports/${APP}`],
  ['all of them', '/srv/exports'],
  ['behind a secret', { secret: 'folder' }],
  ['in a list', [`/srv/exports/${APP}`]],
];
test.each(FOLDERS)('a folder %s is refused', async (_, folder) => {
  for (const sink of ['ndjson', 'parquet', 'webhook'])
    expect(await told(sink, { folder })).toEqual(['folder_not_allowed config.folder']);
});

test('without a folder of the operator there is none, and without sinks neither', async () => {
  expect(await told('webhook', { folder: '/x' }, 'app', { sinks: [], folder: '' })).toEqual([
    'sink_not_allowed sink',
    'folder_not_allowed config.folder',
  ]);
});

const KEYS = { accessKeyId: 'AK', secretAccessKey: { secret: 'key' } };
test.each<[string, object, string[]]>([
  ['s3-parquet', { ...KEYS, target: 's3://b/p', region: 'x', versions: true, smallFiles: 0 }, []],
  [
    's3-parquet',
    { target: 's3://b' },
    ['credential_missing config.accessKeyId', 'credential_missing config.secretAccessKey'],
  ],
  ['s3-parquet', { ...KEYS, accessKeyId: null }, ['credential_missing config.accessKeyId']],
  ['s3-parquet', { ...KEYS, scratch: '/etc' }, ['operator_only config.scratch']],
  ['s3-parquet', { ...KEYS, scratch: `/srv/exports/${APP}/x` }, ['operator_only config.scratch']],
  ['postgres', { url: { secret: 'u' }, schema: 's', password: { secret: 'p' }, tls: 'off' }, []],
  ['postgres', { url: { secret: 'u' }, ca: '/etc/passwd' }, ['operator_only config.ca']],
  ['opensearch', { node: 'https://n', index: 'i', username: 'u', password: { secret: 'p' }, shards: 2 }, []],
  ['opensearch', { node: 'https://n', ca: { secret: 'x' } }, ['operator_only config.ca']],
  ['kafka', { brokers: ['b:9092'], registry: 'http://r', prefix: 'shop', copies: 1 }, []],
  ['webhook', { url: 'https://x', secret: { secret: 'w' }, folder: `/srv/exports/${APP}/w` }, []],
  ['parquet', { constructor: '/etc' }, ['operator_only config.constructor']],
])('%s with %j', async (sink, config, problems) => {
  for (const by of ['app', `wallet:${APP}`] as const) expect((await told(sink, config, by)).sort()).toEqual(problems);
});

test('no member of a sink that is always there sounds like a path and is free', () => {
  for (const { name, members } of sinks)
    for (const member of Object.keys(members))
      if (/folder|file$|path|scratch|^ca$|cert/i.test(member))
        expect(`${name}.${member}: ${memberOf(members, member)}`).toMatch(/: (folder|operator)$/);
});

test("what a sink does not say is the operator's", async () => {
  expect(await told('mine', { folder: '/etc' }, 'app', { ...bounds, sinks: ['mine'] }, async () => ({}))).toEqual([
    'operator_only config.folder',
  ]);
});
