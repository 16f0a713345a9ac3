import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createKafkaWriter } from '../../connectors/kafka/index.ts';
import { createRegistryCodecs } from '../../connectors/registry/index.ts';
import { toHex } from '../../protocol/index.ts';
import { accountFromPhrase, DdcClient } from '../../sdk/js/index.ts';
import { RETRY_OF } from '../../services/pipeline/rules/origin.ts';
import { batchesReceived } from '../../topics/batches-received.ts';
import { partitionOf } from '../../topics/partition.ts';
import { accountBatch } from '../support/account-batch.ts';
import { postBatch } from '../support/posting.ts';
import { eventually } from '../support/room-process.ts';
import { type CommandResult, ddc, type SuiteSandbox, suiteSandbox } from '../support/sandbox.ts';
import { createTestSigner } from '../support/signed-batches.ts';

let it: SuiteSandbox;
beforeAll(async () => {
  it = await suiteSandbox('commands', { rooms: ['api', 'encryptor', 'pinner', 'indexer'] });
}, 120_000);
afterAll(() => it?.close());

const run = (...args: string[]): Promise<CommandResult> => ddc(args, it.suite.env);

async function statusOf(batchId: Uint8Array): Promise<{ outcome: string; stages: Record<string, boolean> }> {
  const answer = await fetch(`${it.deployment.api}/v1/batches/status`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ids: [toHex(batchId)] }),
  });
  return ((await answer.json()) as { batches: Awaited<ReturnType<typeof statusOf>>[] }).batches[0] as Awaited<
    ReturnType<typeof statusOf>
  >;
}

const indexedAs = (batchId: Uint8Array, outcome: string) =>
  eventually(`${outcome} in the index`, async () => {
    const status = await statusOf(batchId);
    return status.stages.indexed && status.outcome === outcome ? status : null;
  });

/** A line of `ddc dlq list`. */
const letterOf = (stdout: string, batchId: Uint8Array) =>
  stdout
    .split('\n')
    .filter((line) => line.includes(toHex(batchId)))
    .map((line) => /^partition (\d+) origin (\d+) /.exec(line))
    .map((match) => ({ partition: match?.[1] ?? '', origin: match?.[2] ?? '' }));

describe('dead letters, from the command line', () => {
  const signer = () => createTestSigner(it.app);

  test('what died of a broken seal lives after a retry, once the index has passed its void', async () => {
    const { rooms } = it.sandbox;
    const { ndjson, batchId } = signer().sign({ issuedAt: Date.now() });
    await rooms.stop('indexer');
    // It takes what is sealed for plain text, and cannot read it.
    await rooms.start('encryptor', { DDC_UNSAFE: 'transit' });
    expect(await postBatch(it.deployment.api, ndjson)).toMatchObject({ status: 202 });
    const [letter] = await eventually('a dead letter', async () => {
      const { code, stdout, stderr } = await run('dlq', 'list');
      expect([code, stderr]).toEqual([0, '']);
      const letters = letterOf(stdout, batchId);
      return letters.length === 1 ? letters : null;
    });
    if (!letter) throw new Error('no letter');
    const { partition, origin } = letter;

    const early = await run('dlq', 'retry', partition, origin);
    expect(early).toMatchObject({ code: 1, stdout: '' });
    expect(early.stderr).toMatch(/^ddc: The index has seen origins up to -?\d+; try again when it has passed \d+\.\n$/);

    await rooms.start('indexer');
    await indexedAs(batchId, 'dead');
    await rooms.start('encryptor');
    await rooms.ready('encryptor');
    const retried = await run('dlq', 'retry', partition, origin);
    expect(retried).toMatchObject({ code: 0, stdout: expect.stringMatching(/^appended at \d+\n$/) });
    await indexedAs(batchId, 'live');

    const again = await run('dlq', 'retry', partition, origin);
    expect(again).toMatchObject({ code: 1, stderr: expect.stringMatching(/now belongs to origin \d+ of partition/) });
  }, 120_000);

  test('what cannot be opened at all dies again, and only its newest letter can be retried', async () => {
    const own = signer();
    const first = own.sign({ issuedAt: Date.now() });
    expect(await postBatch(it.deployment.api, first.ndjson)).toMatchObject({ status: 202 });
    await indexedAs(first.batchId, 'live');
    const { batchId } = own.sign({ issuedAt: Date.now() });
    const topic = `${it.suite.prefix}${batchesReceived.name}`;
    const codec = await createRegistryCodecs({ url: it.deployment.schemaRegistryUrl }).for({
      ...batchesReceived,
      name: topic,
    });
    const writer = createKafkaWriter({
      brokers: it.deployment.kafkaBrokers,
      clientId: 'commands',
      log: { warn: () => undefined, error: () => undefined },
    });
    const partition = partitionOf(own.wallet, it.deployment.partitions);
    const sealed = new Uint8Array(randomBytes(300));
    const { app } = it;
    const record = { batchId, app, wallet: own.wallet, rootVersion: 1, receivedAt: Date.now(), sealed };
    await writer.send(topic, partition, [{ key: own.wallet, value: codec.encode({ ...record, format: 'ndjson' }) }]);
    await writer.close();
    await indexedAs(batchId, 'dead');
    const [letter] = letterOf((await run('dlq', 'list')).stdout, batchId);
    expect(await run('dlq', 'retry', String(partition), letter?.origin ?? '')).toMatchObject({ code: 0 });
    const letters = await eventually('a second letter', async () => {
      const found = letterOf((await run('dlq', 'list')).stdout, batchId);
      return found.length === 2 ? found : null;
    });
    // Newest first.
    expect(letters.map(({ origin }) => Number(origin)).sort((a, b) => b - a)).toEqual(
      letters.map(({ origin }) => Number(origin)),
    );
    expect(await run('dlq', 'retry', String(partition), letter?.origin ?? '')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`now belongs to origin ${letters[0]?.origin} of partition ${partition}`),
    });
  }, 120_000);

  test('a dead letter of somebody who was erased brings nothing back: not before the index knows, not after, not once re-opened', async () => {
    const { rooms } = it.sandbox;
    const { api: endpoint, network } = it.deployment;
    const phrase = 'bottom drive obey lake curtain smoke basket hold race lonely fit walk';
    const account = await accountFromPhrase(`${phrase}//dead//${randomBytes(6).toString('hex')}`);
    const client = new DdcClient({ endpoint, network, app: it.app });
    const requests = client.requests(account);
    await rooms.start('encryptor', { DDC_UNSAFE: 'transit' });
    await rooms.ready('encryptor');
    const { ndjson, batchId } = accountBatch(it.app, account);
    expect(await postBatch(endpoint, ndjson)).toMatchObject({ status: 202 });
    await indexedAs(batchId, 'dead');
    await rooms.start('encryptor');
    await rooms.ready('encryptor');
    const [letter] = letterOf((await run('dlq', 'list')).stdout, batchId);
    if (!letter) throw new Error('no letter');
    const retry = () => run('dlq', 'retry', letter.partition, letter.origin);

    // The index still says `dead`, so the original is appended once more, and refused by the encryptor.
    await rooms.stop('indexer');
    const { id } = await requests.erase();
    expect(await retry()).toMatchObject({ code: 0 });
    await rooms.start('indexer');
    await indexedAs(batchId, 'erased');
    await eventually('the receipt', async () => ((await requests.removal(id)).state === 'done' ? true : null));
    const refused = { code: 1, stderr: expect.stringMatching(/is erased at origin|now belongs to origin/) };
    expect(await retry()).toMatchObject(refused);

    expect(await requests.reopen()).toMatchObject({ rootVersion: 2 });
    const alive = await eventually('writes are taken again', async () => {
      const next = accountBatch(it.app, account);
      return (await postBatch(endpoint, next.ndjson)).status === 202 ? next : null;
    });
    await indexedAs(alive.batchId, 'live');
    expect(await retry()).toMatchObject(refused);

    // Whoever appends it by hand, past the command, gets no further.
    const topic = `${it.suite.prefix}${batchesReceived.name}`;
    const original = await it.stores.kafka.readAt(topic, Number(letter.partition), Number(letter.origin));
    const log = { warn: () => undefined, error: () => undefined };
    const writer = createKafkaWriter({ brokers: it.deployment.kafkaBrokers, clientId: 'commands', log });
    const { key, value } = original;
    const headers = { [RETRY_OF]: letter.origin };
    const at = await writer.send(topic, Number(letter.partition), [{ key, value, headers }]);
    await writer.close();
    await eventually('the index has passed it', async () => {
      const rows = await it.stores.database.kysely
        .selectFrom('positions')
        .select('mark')
        .where('stage', '=', 'indexer')
        .where('partition', '=', Number(letter.partition))
        .execute();
      return (rows[0]?.mark ?? -1) >= at ? true : null;
    });
    expect(await statusOf(batchId)).toMatchObject({ outcome: 'erased' });
    const left = await it.stores.database.kysely
      .selectFrom('batches')
      .select('root_version')
      .where('wallet', '=', account.publicKey)
      .execute();
    expect(left).toEqual([{ root_version: 2 }]);
    client.close();
  }, 120_000);

  test('what cannot be done is refused with a reason', async () => {
    expect(await run('dlq', 'retry', '0', '123456')).toMatchObject({
      code: 1,
      stderr: 'ddc: No dead letter of partition 0 has origin 123456; see `ddc dlq list`.\n',
    });
    expect(await run('dlq', 'park', 'encryptor', '0')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^ddc: The encryptor has crashed 0 times at origin \d+ of partition 0/),
    });
    expect((await run('dlq', 'park', 'settler', '0')).stderr).toContain('It must be encryptor or pinner.');
    expect((await run('dlq', 'retry', 'x', '1')).stderr).toContain('It must be a whole number');
  }, 120_000);
});

test('the other commands of an operator', async () => {
  const repaired = await run('repair');
  expect(repaired).toMatchObject({ code: 0, stderr: '' });
  expect(
    repaired.stdout.split('\n').filter((line) => /^partition \d: (pinner|encryptor) as it was$/.test(line)),
  ).toHaveLength(8);

  const { code, stdout } = await run('index-dump');
  expect(code).toBe(0);
  const tables = stdout
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { table: string }).table);
  expect(new Set(tables)).toEqual(new Set(['batches', 'subjects', 'voids']));

  const key = '5c'.repeat(32);
  expect(await run('apps', 'add', key, '--tier', 'premium', '--open')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(new RegExp(`^${key} premium pot \\d+ open\\n$`)),
  });
  // What is not named stays. The pot's address is the one that Substrate derives from the operator's.
  const alice = '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY';
  const changed = await run('apps', 'add', key, '--tier', 'free', '--operator', alice);
  expect(changed.stdout).toMatch(new RegExp(`^${key} free pot \\d+ 5[1-9A-HJ-NP-Za-km-z]{47} open\n$`));
  expect((await run('apps', 'list')).stdout.split('\n')).toHaveLength(3);
  expect(await run('apps', 'add', 'nobody')).toMatchObject({
    code: 2,
    stderr: 'error: <key> is 64 hex digits or an SS58 address of 32 bytes.\n',
  });

  expect(await run('topics', 'drift')).toMatchObject({ code: 0, stdout: 'no drift\n' });
  expect(await run('topics', 'drift', '--partitions', '5')).toMatchObject({
    code: 1,
    stdout: expect.stringContaining('partitions is 4, declared 5'),
  });
  const differing = await run('topics', 'apply', '--partitions', '5');
  expect(differing).toMatchObject({ code: 0, stdout: expect.stringContaining('declared 5') });
  expect(await run('topics', 'apply')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^log [0-9a-f]{32}\n$/),
  });
}, 120_000);

test('without its environment a command says what to set', async () => {
  const nothing = { KAFKA_BROKERS: '', SCHEMA_REGISTRY_URL: '', DATABASE_URL: '' };
  for (const command of [
    ['dlq', 'list'],
    ['repair'],
    ['apps', 'list'],
    ['index-dump'],
    ['rewind'],
    ['topics', 'drift'],
    ['removals', 'reapply'],
    ['keys', 'backup', 'nowhere'],
    ['exports', 'ls', '--json'],
    ['replay', 'ls', '--json'],
    ['schemas', 'ls', '--app', '5c'.repeat(32), '--json'],
  ]) {
    const { code, stdout, stderr } = await ddc(command, nothing);
    expect([command, code, stdout]).toEqual([command, 2, '']);
    expect(stderr).toMatch(/^error: Set (KAFKA_BROKERS|SCHEMA_REGISTRY_URL|DATABASE_URL)/);
  }
}, 60_000);
