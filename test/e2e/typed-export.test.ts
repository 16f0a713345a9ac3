import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sandboxCast } from '../../cli/demo/cast.ts';
import { tablesIn, walk } from '../../connectors/sinks/folder/walk.ts';
import type { Event } from '../../protocol/index.ts';
import { toHex } from '../../protocol/index.ts';
import { bearer, call } from '../support/call-api.ts';
import { postBatch } from '../support/posting.ts';
import { eventually } from '../support/room-process.ts';
import { ddc, type SuiteSandbox, suiteSandbox } from '../support/sandbox.ts';
import { createTestSigner } from '../support/signed-batches.ts';
import {
  eventOf,
  PURCHASE_1,
  PURCHASE_2,
  type Purchase,
  purchase,
  purchaseEvent,
  VIEW_1,
} from '../support/typed-events.ts';

let it: SuiteSandbox;
let scratch: string;
const signers: ReturnType<typeof createTestSigner>[] = [];
const purchases = new Map<string, Purchase>();
const seconds = new Map<string, number>();
const notes: string[] = [];
const poison: string[] = [];

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'ddc-typed-'));
  it = await suiteSandbox('typed', { rooms: ['api', 'encryptor', 'pinner', 'exporter'] });
  signers.push(...[0, 1, 2].map(() => createTestSigner(it.app)));
  await it.allow(signers);
}, 120_000);
afterAll(async () => {
  await it?.close();
  await rm(scratch, { recursive: true, force: true });
});

/** By the operator's command. */
async function register(type: string, schema: string, app = toHex(it.app)) {
  const file = join(scratch, `${type}.avsc`);
  await writeFile(file, schema);
  const { SCHEMA_REGISTRY_URL = '', DDC_TOPIC_PREFIX = '', DATABASE_URL = '' } = it.sandbox.env;
  const env = { SCHEMA_REGISTRY_URL, DDC_TOPIC_PREFIX, DATABASE_URL };
  return ddc(['schemas', 'add', type, file, '--app', app], env);
}

/** By the app itself. */
async function registerOverApi(type: string, schema: string) {
  const { app } = await sandboxCast();
  const headers = bearer({ keyPair: app, app: it.app, by: 'app', operations: ['schemas.write'] });
  return call(`${it.deployment.api}/v1/apps/${toHex(it.app)}/schemas`, { headers, body: { type, schema } });
}

async function send(signer: ReturnType<typeof createTestSigner> | undefined, events: Event[]): Promise<void> {
  const answer = signer && (await postBatch(it.deployment.api, signer.sign({ events, issuedAt: Date.now() }).ndjson));
  expect(answer?.status).toBe(202);
}

let sent = 0;
/** A batch of each kind from each wallet: two purchases, a view, a note without a schema. */
async function sendMore(): Promise<void> {
  for (const signer of signers) {
    const events = [0, 1].map((index) => {
      const meant = purchase(sent++);
      const event = purchaseEvent(index, meant);
      purchases.set(event.id, meant);
      return event;
    });
    const view = eventOf(2, 'VIEW', `{"seconds":${sent / 10}}`);
    const note = eventOf(3, 'note/free', `text ${sent}, no JSON`);
    seconds.set(view.id, sent / 10);
    notes.push(note.id);
    await send(signer, [...events, view, note]);
  }
}

const total = () => purchases.size + seconds.size + notes.length + poison.length;
const rowsOf = (table: string) =>
  `read_parquet('${join(it.sandbox.exportFolder, table, 'app=*', 'dt=*', '*.parquet')}', union_by_name = true)`;

async function query(sql: string): Promise<unknown[][]> {
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  try {
    await connection.run("SET TimeZone = 'UTC'");
    return (await connection.runAndReadAll(sql)).getRowsJson();
  } finally {
    connection.closeSync();
  }
}

const filesOf = async (table: string) =>
  (await walk(join(it.sandbox.exportFolder, table), '.parquet')).map((path) => basename(path));

/** Rows of all tables, however many columns they have. */
async function exported(): Promise<number> {
  let rows = 0;
  for (const table of await tablesIn(it.sandbox.exportFolder)) {
    if ((await filesOf(basename(table))).length === 0) continue;
    const [count] = await query(`SELECT count(*)::INTEGER FROM ${rowsOf(basename(table))}`);
    rows += Number(count?.[0]);
  }
  return rows;
}

const allExported = () =>
  eventually('every event has its row', async () => ((await exported()) === total() ? true : null));

test('events of types with schemas are typed rows, the others texts, and a version that comes in mid-flow adds a column', async () => {
  expect(await register('PURCHASE', PURCHASE_1)).toMatchObject({ code: 0, stdout: 'PURCHASE version 1\n' });
  expect(await registerOverApi('VIEW', VIEW_1)).toMatchObject({ status: 201, body: { version: 1 } });
  for (let n = 0; n < 5; n += 1) await sendMore();
  await allExported();
  expect((await tablesIn(it.sandbox.exportFolder)).map((path) => basename(path))).toEqual([
    'PURCHASE',
    'VIEW',
    'events',
  ]);

  expect(await registerOverApi('PURCHASE', PURCHASE_2)).toMatchObject({ status: 201, body: { version: 2 } });
  await eventually('the exporter follows, while events go on coming', async () => {
    await sendMore();
    await pause(500);
    return (await filesOf('PURCHASE')).some((file) => file.endsWith('-v2.parquet')) ? true : null;
  });
  await allExported();

  const meant = [...purchases].sort(([a], [b]) => (a < b ? -1 : 1));
  const amounts = meant.reduce((sum, [, { amount }]) => sum + amount, 0n);
  const orders = meant.reduce((sum, [, { order }]) => sum + order, 0n);
  const pieces = meant.flatMap(([, { lines }]) => lines).reduce((sum, line) => sum + line.pieces, 0);
  expect(
    await query(`SELECT count(*)::INTEGER, sum(amount)::VARCHAR, sum("order")::VARCHAR, bool_and(verified),
      sum(list_sum([line.pieces FOR line IN lines]))::INTEGER FROM ${rowsOf('PURCHASE')}`),
  ).toEqual([
    [meant.length, `${amounts / 100n}.${String(amounts % 100n).padStart(2, '0')}`, String(orders), true, pieces],
  ]);
  const rows =
    await query(`SELECT event_id, "order"::VARCHAR, (amount * 100)::HUGEINT::VARCHAR, bought_at::VARCHAR, bought_on::VARCHAR,
      to_json(lines)::VARCHAR, customer, coalesce(country, extra ->> 'country'), country IS NULL = (extra IS NOT NULL)
    FROM ${rowsOf('PURCHASE')} ORDER BY event_id`);
  expect(rows).toEqual(
    meant.map(([id, { order, amount, boughtAt, boughtOn, lines, customer, country }]) => [
      ...[id, String(order), String(amount), boughtAt, boughtOn, JSON.stringify(lines), customer, country],
      true,
    ]),
  );
  const [versions] = await query(`SELECT count(country)::INTEGER, count(extra)::INTEGER FROM ${rowsOf('PURCHASE')}`);
  expect(versions?.map(Number)).not.toContain(0);
  expect(await query(`SELECT event_id, seconds FROM ${rowsOf('VIEW')} ORDER BY event_id`)).toEqual(
    [...seconds].sort(([a], [b]) => (a < b ? -1 : 1)),
  );
  const texts = await query(
    `SELECT event_id FROM ${rowsOf('events')} WHERE scope_purchase LIKE 'text %' ORDER BY event_id`,
  );
  expect(texts.flat()).toEqual([...notes].sort());
}, 180_000);

test('what does not fit is told in `_rejected`, with the event that it is, and holds nothing up', async () => {
  const bad: [string, string, string][] = [
    ['VIEW', '{"seconds":"long"}', 'wrong_type'],
    ['VIEW', 'no JSON', 'not_json'],
    ['VIEW', '{}', 'required'],
    ['PURCHASE', '{"order":1,"amount":0.001,"bought_at":0,"bought_on":0,"lines":[]}', 'too_precise'],
  ];
  const events = bad.map(([type, data], index) => eventOf(index, type, data));
  await send(signers[0], events);
  poison.push(...events.map(({ id }) => id));
  await sendMore();
  await allExported();
  expect(await query(`SELECT event_id, "of", type, reason FROM ${rowsOf('_rejected')} ORDER BY event_id`)).toEqual(
    events.map(({ id, type }, i) => [id, type, type, bad[i]?.[2]]).sort(([a = ''], [b = '']) => (a < b ? -1 : 1)),
  );
}, 120_000);

test('a schema that cannot follow is refused, by command and over the API', async () => {
  const other = PURCHASE_2.replace('"name":"order","type":"long"', '"name":"order","type":"string"');
  const refused = await register('PURCHASE', other);
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/^- order: .* \(changed\)$/m) });
  expect(await registerOverApi('PURCHASE', other)).toMatchObject({ status: 422, body: { code: 'schema_refused' } });
}, 60_000);

test('a schema of an app that nobody has registered is refused', async () => {
  const nobody = await register('PURCHASE', PURCHASE_2, '09'.repeat(32));
  expect(nobody).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/^refused: unknown_app: /) });
}, 60_000);
