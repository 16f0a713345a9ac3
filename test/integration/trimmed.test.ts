import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { repairPartition, skipTrimmed } from '../../cli/repair.ts';
import { createKafkaLookup } from '../../connectors/kafka/index.ts';
import { createApps } from '../../connectors/postgres/apps.ts';
import { createPositions } from '../../connectors/postgres/positions.ts';
import { ready } from '../../protocol/index.ts';
import type { Position, Stage } from '../../services/pipeline/ports/positions.ts';
import { kafkaOptions, rawKafka } from '../support/kafka.ts';
import { postBatch } from '../support/posting.ts';
import { eventually, startRoom } from '../support/room-process.ts';
import { createTestSigner } from '../support/signed-batches.ts';
import { type Suite, suite } from '../support/stack.ts';

const app = new Uint8Array(randomBytes(32));
let it: Suite;
let env: Record<string, string>;
beforeAll(async () => {
  await ready();
  it = await suite('trimmed', { partitions: 1 });
  const receipt = join(it.folder, 'receipt');
  await writeFile(receipt, randomBytes(32).toString('hex'), { mode: 0o600 });
  env = { ...it.env, DDC_RECEIPT_SEED_FILE: receipt };
  await createApps(it.database).add({ app, tier: 'free', open: true });
}, 60_000);
afterAll(() => it?.close());

const rowOf = async (stage: Stage): Promise<Position | undefined> =>
  it.database.kysely.selectFrom('positions').select(['next', 'mark']).where('stage', '=', stage).executeTakeFirst();
const marked = (stage: Stage, mark: number) =>
  eventually(`${stage} at ${mark}`, async () => ((await rowOf(stage))?.mark === mark ? true : null), 60_000);

test('a pinner that was away longer than its input is kept goes on by an order, and nothing is lost', async () => {
  const encrypted = `${it.prefix}ddc.batches.encrypted`;
  const lookup = createKafkaLookup(kafkaOptions());
  const api = startRoom('api', env);
  const encryptor = startRoom('encryptor', env);
  const url = `http://127.0.0.1:${await api.listening}`;
  const signer = createTestSigner(app);
  for (let i = 0; i < 3; i++) await postBatch(url, signer.sign({ count: 1, issuedAt: Date.now() }).ndjson);
  await marked('encryptor', 2);
  const admin = rawKafka().admin();
  await admin.connect();
  await admin.fetchTopicOffsets(encrypted); // deleting needs the metadata that this loads
  await admin.deleteTopicRecords({ topic: encrypted, partitions: [{ partition: 0, offset: '3' }] });
  await admin.disconnect();

  const pinner = startRoom('pinner', env);
  await eventually('the pinner waits', async () => (pinner.output().includes('"event":"trimmed"') ? true : null));
  expect(await rowOf('pinner')).toEqual({ next: 0, mark: -1 });

  const { log } = await it.database.kysely.selectFrom('positions').select('log').executeTakeFirstOrThrow();
  const positions = createPositions(it.database, log);
  const skipped = await skipTrimmed(positions, 0, async (stage) => ({
    input: stage === 'pinner' ? await lookup.firstOffset(encrypted, 0) : 0,
    received: await lookup.firstOffset(`${it.prefix}ddc.batches.received`, 0),
  }));
  expect(skipped[0]).toEqual({ stage: 'pinner', outcome: { kind: 'move', to: { next: 3, mark: -1 } } });
  await repairPartition(positions, 0);
  await marked('pinner', 2);
  expect(pinner.output()).not.toContain('"level":"fatal"');
  await Promise.all([pinner, encryptor, api].map((room) => room.kill()));
  await lookup.close();
}, 180_000);
