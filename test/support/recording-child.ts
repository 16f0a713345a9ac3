// A process that records through the SDK until it is killed: `recording-child.js <api> <folder of the queue> <events> <name>`. One line of stdout for each
// event that is queued; then it waits until all of them are safe, prints
// what it reads back, and ends.
import { accountFromPhrase, Ddc } from '../../sdk/js/index.ts';
import { fileQueue } from '../../sdk/js/node/index.ts';

const [url = '', folder = '', events = '', name = ''] = process.argv.slice(2);
const account = await accountFromPhrase(process.env.DDC_TEST_PHRASE ?? '');
const app = process.env.DDC_TEST_APP ?? '';
// Without a folder what is queued is in memory, and dies with the process.
const queue = folder ? { queue: fileQueue(folder) } : {};
const ddc = await Ddc.connect({ url, app, account, ...queue, maxEvents: 3, maxDelayMs: 2 });
process.stdout.write('connected\n');
for (let n = 0; n < Number(events); n += 1) {
  const recorded = ddc.record('STEP', { purchase: { name, n } });
  void recorded.queued.then(() => process.stdout.write(`queued ${recorded.eventId}\n`));
  // Some batches are full, some are closed by the clock.
  if (n % 4 === 0) await recorded.queued;
}
await ddc.flush();
const read: (string | undefined)[] = [];
for await (const event of ddc.events({ scopes: ['purchase'] })) read.push(event.scopes.purchase);
await ddc.close();
process.stdout.write(`${JSON.stringify({ version: process.version, read })}\n`);
