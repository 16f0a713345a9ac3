import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { type AuditedCharge, auditCharges } from '../../connectors/chain/audit.ts';
import { createKafkaWriter } from '../../connectors/kafka/index.ts';
import { dumpIndex } from '../../connectors/postgres/index-dump.ts';
import { createRegistryCodecs } from '../../connectors/registry/index.ts';
import { toHex } from '../../protocol/index.ts';
import { batchesReceived } from '../../topics/batches-received.ts';
import { partitionOf } from '../../topics/partition.ts';
import { drained } from '../support/drained.ts';
import { parquetRows } from '../support/parquet-rows.ts';
import { postAll } from '../support/posting.ts';
import { eventually } from '../support/room-process.ts';
import { ddc, type SuiteSandbox, suiteSandbox } from '../support/sandbox.ts';
import { createTestSigner } from '../support/signed-batches.ts';

const READERS = ['indexer', 'settler', 'exporter'] as const;
const WALLETS = 20;
const BATCHES_EACH = 10;
const EVENTS_EACH = 3;

let it: SuiteSandbox;
/** Finalized block before anything was charged: the chain is long by what other suites did. */
let chainFrom: number;
beforeAll(async () => {
  it = await suiteSandbox('rebuild');
  chainFrom = (await auditOf('head')).head.number;
}, 120_000);
afterAll(() => it?.close());

/** What the operator of this suite charged, as the blocks say. */
const auditOf = (from: number | 'head') =>
  auditCharges({ endpoint: it.deployment.chainRpc, operator: it.suite.operator, from });

/** Everything that a replay must leave as it is, or make again. */
async function state() {
  const { stores, deployment } = it;
  const index: string[] = [];
  for await (const line of dumpIndex(stores.database)) index.push(line);
  const pinned = new Set<string>();
  for await (const cid of stores.ipfs.pins()) pinned.add(cid.toString());
  // Other suites pin in the same node: ours are those that the pinner wrote down before it asked for them.
  const { rows: pins } = await sql<{ root: Uint8Array; first: number; last: number }>`
    SELECT * FROM pins ORDER BY cluster, root`.execute(stores.database.kysely);
  const audit = await auditOf(chainFrom);
  return { index, parquet: await parquetRows(deployment.exportFolder), pins, pinned: [...pinned], audit };
}

/** Which (round, app) were charged how often. */
const charged = (charges: readonly AuditedCharge[]) => charges.map(({ round, app }) => `${round}/${toHex(app)}`);

const fees = async () => {
  const { rows } = await sql<{ fee: string }>`SELECT sum(fee)::text AS fee FROM leaves`.execute(
    it.stores.database.kysely,
  );
  return BigInt(rows[0]?.fee ?? 0);
};

async function startReaders(): Promise<void> {
  const { rooms } = it.sandbox;
  await Promise.all(READERS.map((room) => rooms.start(room)));
  await Promise.all(READERS.map((room) => rooms.ready(room)));
}

const signers = Array.from({ length: WALLETS }, () => () => createTestSigner(it.app));
const live: Uint8Array[] = [];

/** Some hundred batches of several wallets, a duplicate, a conflict and a dead letter. */
async function fill(): Promise<void> {
  const { sandbox, deployment, suite } = it;
  const api = deployment.api;
  // The encryptor is away, so that the API cannot know the second copy of a batch as such.
  await sandbox.rooms.stop('encryptor');
  const wallets = signers.map((make) => make());
  await it.allow(wallets);
  const issuedAt = Date.now();
  const batches = wallets.flatMap((wallet) =>
    Array.from({ length: BATCHES_EACH }, () => wallet.sign({ count: EVENTS_EACH, issuedAt })),
  );
  const [first] = wallets;
  const [original] = batches;
  if (!first || !original) throw new Error('no batch');
  const conflict = first.sign({ count: EVENTS_EACH, seq: original.header.seq, issuedAt });
  live.push(...[...batches, conflict].map(({ batchId }) => batchId));
  await postAll(
    api,
    [...batches, conflict].map(({ ndjson }) => ndjson),
  );
  const copy = await postAll(api, [original.ndjson]);
  expect(copy).toHaveLength(1);

  const topic = `${deployment.topicPrefix}${batchesReceived.name}`;
  const codec = await createRegistryCodecs({ url: deployment.schemaRegistryUrl }).for({
    ...batchesReceived,
    name: topic,
  });
  const writer = createKafkaWriter({
    brokers: deployment.kafkaBrokers,
    clientId: 'rebuild',
    log: { warn: () => undefined, error: () => undefined },
  });
  const broken = {
    batchId: new Uint8Array(randomBytes(32)),
    app: it.app,
    wallet: first.wallet,
    rootVersion: 1,
    receivedAt: issuedAt,
    format: 'ndjson' as const,
    sealed: new Uint8Array(randomBytes(500)),
  };
  const partition = partitionOf(first.wallet, deployment.partitions);
  await writer.send(topic, partition, [{ key: first.wallet, value: codec.encode(broken) }]);
  await writer.close();
  await sandbox.rooms.start('encryptor');
  await drained(it, { batchIds: live, events: live.length * EVENTS_EACH });
  const { rows: voids } = await sql<{ reason: string; n: number }>`
    SELECT reason, count(*)::integer AS n FROM voids GROUP BY reason ORDER BY reason`.execute(suite.database.kysely);
  expect(voids).toEqual([
    { reason: 'dead', n: 1 },
    { reason: 'duplicate', n: 1 },
  ]);
}

test('index and export are rebuilt from `pinned` as they were, and nothing is pinned or charged again', async () => {
  const { sandbox, deployment, suite, stores } = it;
  await fill();
  for (const room of READERS) await sandbox.rooms.stop(room);
  const before = await state();
  expect(before.parquet).toHaveLength(live.length * EVENTS_EACH);
  expect(before.index.filter((line) => line.includes('"conflict":true'))).toHaveLength(2);
  expect(new Set(charged(before.audit.charges)).size).toBe(before.audit.charges.length);
  expect(before.audit.transferred).toBe(await fees());

  const replayed = await ddc(['rewind', '--export', `sandbox=${deployment.exportFolder}`], suite.env);
  expect(replayed).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('The index is dropped'),
  });
  const dropped = await state();
  expect([dropped.index, dropped.parquet]).toEqual([[], []]);
  const { rows: positions } = await sql`SELECT stage FROM positions WHERE stage IN ('indexer', 'settler')`.execute(
    stores.database.kysely,
  );
  expect(positions).toEqual([]);

  await startReaders();
  await drained(it, { batchIds: live, events: live.length * EVENTS_EACH });
  await caughtUp();
  const after = await state();
  expect(after.index.join('')).toBe(before.index.join(''));
  expect(after.parquet.join('\n')).toBe(before.parquet.join('\n'));
  expect(after.pins).toEqual(before.pins);
  expect(after.pinned).toEqual(expect.arrayContaining(before.pinned));
  expect(after.audit.nonce).toBe(before.audit.nonce);

  // The next batch is charged, and nothing beside it: whatever the replay had left uncut would be in that round as well.
  const late = createTestSigner(it.app);
  await it.allow([late]);
  const next = late.sign({ count: EVENTS_EACH, issuedAt: Date.now() });
  await postAll(deployment.api, [next.ndjson]);
  live.push(next.batchId);
  await drained(it, { batchIds: live, events: live.length * EVENTS_EACH });
  const { audit } = await state();
  expect(audit.nonce).toBe(before.audit.nonce + 1);
  expect(audit.charges.at(-1)).toMatchObject({ leaves: 1 });
  expect(audit.transferred).toBe(await fees());
}, 180_000);

test('a rewind beside running rooms is refused', async () => {
  const { code, stderr } = await ddc(['rewind'], it.suite.env);
  expect(code).toBe(1);
  expect(stderr).toContain(
    `Stop these first, a rewind sets them back: ${it.suite.prefix}indexer, ${it.suite.prefix}settler.`,
  );
}, 60_000);

test('control: without unique leaf keys a replay charges a second time', async () => {
  const { sandbox, suite, stores } = it;
  for (const room of READERS) await sandbox.rooms.stop(room);
  const before = await auditOf(chainFrom);
  // A table that inherits has every column of `leaves` and none of its unique keys; all statements on `leaves` reach its rows.
  await sql`CREATE TABLE leaves_again () INHERITS (leaves)`.execute(stores.database.kysely);
  await sql`CREATE FUNCTION again() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO leaves_again SELECT NEW.*; RETURN NULL; END $$`.execute(stores.database.kysely);
  await sql`CREATE TRIGGER again BEFORE INSERT ON leaves FOR EACH ROW EXECUTE FUNCTION again()`.execute(
    stores.database.kysely,
  );
  expect(await ddc(['rewind'], suite.env)).toMatchObject({ code: 0 });
  await sandbox.rooms.start('settler');
  const audit = await eventually('a second charge', async () => {
    const now = await auditOf(chainFrom);
    return now.nonce > before.nonce ? now : null;
  });
  expect(audit.transferred).toBeGreaterThan(before.transferred);
}, 120_000);

/** Indexer and settler have judged every record again. */
async function caughtUp(): Promise<void> {
  await eventually('the readers caught up', async () => {
    const { rows } = await sql<{ behind: number }>`
      SELECT count(*)::integer AS behind FROM positions AS reader JOIN positions AS pinner USING (partition)
      WHERE pinner.stage = 'pinner' AND reader.stage IN ('indexer', 'settler') AND reader.mark < pinner.mark`.execute(
      it.stores.database.kysely,
    );
    const { rows: all } = await sql<{ n: number }>`
      SELECT count(*)::integer AS n FROM positions WHERE stage IN ('indexer', 'settler')`.execute(
      it.stores.database.kysely,
    );
    return rows[0]?.behind === 0 && (all[0]?.n ?? 0) === 2 * it.deployment.partitions ? true : null;
  });
}
