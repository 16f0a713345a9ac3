// A consumer of the log as a process of its own, until it is killed, or ends on SIGTERM: `consuming-child.js <json>`. One line of stdout for each event,
// written before the next one is asked for.
import { encryptionKeyPairFromSeed, fromHex, ready } from '../../protocol/index.ts';
import { accountFromPhrase, Ddc } from '../../sdk/js/index.ts';
import { kafkaLog } from '../../sdk/js/kafka/index.ts';

/** What the process is told. */
export interface ConsumingChild {
  readonly url: string;
  /** Hex. */
  readonly app: string;
  readonly phrase: string;
  /** Seed of the pair that was certified, hex. */
  readonly pair: string;
  readonly brokers: readonly string[];
  readonly schemaRegistry: string;
  readonly prefix: string;
  readonly groupId: string;
  /** Absent: an event is done as soon as the next one is asked for. */
  readonly commitEvery?: number;
}

const told = JSON.parse(process.argv[2] ?? '{}') as ConsumingChild;
const { url, app, phrase, pair, groupId, commitEvery, brokers, schemaRegistry, prefix } = told;
const account = await accountFromPhrase(phrase);
await ready();
const ddc = await Ddc.connect({ url, app, account, pair: encryptionKeyPairFromSeed(fromHex(pair, 32)) });
const ending = new AbortController();
process.on('SIGTERM', () => ending.abort());
const events = ddc.consume({
  ...{ log: kafkaLog({ brokers, schemaRegistry, prefix }), groupId, scopes: ['purchase'] },
  ...{ signal: ending.signal, commit: commitEvery === undefined ? 'next' : 'explicit' },
  onTrouble: ({ code, message }) => process.stderr.write(`${code}: ${message}\n`),
});
let given = 0;
for await (const { id, wallet, partition, origin, index, scopes } of events) {
  process.stdout.write(`${JSON.stringify({ id, wallet, partition, origin, index, scopes })}\n`);
  given += 1;
  if (commitEvery === undefined || given % commitEvery !== 0) continue;
  await events.commit();
  process.stdout.write(`${JSON.stringify({ committed: given })}\n`);
}
await ddc.close();
