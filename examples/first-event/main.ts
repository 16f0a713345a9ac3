import { readFileSync } from 'node:fs';
import { accountFromPhrase, Ddc } from '../../sdk/js/index.ts';
import { fileQueue } from '../../sdk/js/node/index.ts';

/** The phrase of development chains: worth nothing. The sandbox's app, open to everybody, is derived from it, and so is a user of ours. */
const PHRASE = 'bottom drive obey lake curtain smoke basket hold race lonely fit walk';
// `npm start` keeps its address in this file.
const [url = readFileSync('.ddc/api', 'utf8').trim(), queue = '.ddc/first-event'] = process.argv.slice(2);

const { publicKey: app } = await accountFromPhrase(`${PHRASE}//cere-ddc//app`);
const account = await accountFromPhrase(`${PHRASE}//newcomer-${Date.now()}`);
const ddc = await Ddc.connect({ url, app, account, queue: fileQueue(queue) });

const recorded = ddc.record('PURCHASE', {
  purchase: { title: 'Blue Train', dollars: 29.33 },
  profile: { name: 'Ann' },
});
await recorded.queued;
console.log(`queued    ${recorded.eventId}: on the disk, it will be delivered`);
await ddc.flush();
console.log(`safe      in batch ${(await recorded).batchId}`);

for await (const event of ddc.events({ scopes: ['purchase', 'profile'] })) {
  for (const [scope, data] of Object.entries(event.scopes)) console.log(`decrypted ${scope.padEnd(8)} ${data}`);
  console.log(`verified  ${event.type} ${event.id}, signed by the ${event.signer} ${event.wallet}`);
}
await ddc.close();
