import { readFile, writeFile } from 'node:fs/promises';
import { ready, toHex } from '../../protocol/index.ts';
import { accountFromPhrase } from '../../sdk/js/index.ts';
import { shareOneScope } from './share.ts';
import { verifyKept } from './verify.ts';

/** The phrase of development chains: the sandbox's app is derived from it, and so are new people. */
const PHRASE = 'bottom drive obey lake curtain smoke basket hold race lonely fit walk';
const NETWORK = 'cere-sandbox';
const USAGE = `share <address of the API> <file>   record, grant, read, and keep what was proved in a file
verify <file>                       check the file, without any service
`;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function share(endpoint: string, file: string): Promise<void> {
  await ready();
  const run = toHex(crypto.getRandomValues(new Uint8Array(6)));
  const { publicKey: app } = await accountFromPhrase(`${PHRASE}//cere-ddc//app`);
  const alice = await accountFromPhrase(`${PHRASE}//alice-${run}`);
  const bob = await accountFromPhrase(`${PHRASE}//bob-${run}`);
  const events = await shareOneScope({ endpoint, network: NETWORK, app, alice, bob, say });
  await writeFile(file, events.map(({ disclosure }) => `${JSON.stringify(disclosure)}\n`).join(''));
  say(`bob keeps ${events.length} proofs in ${file}`);
}

async function verify(file: string): Promise<void> {
  for (const { wallet, signer, issuedAt, type, scopes, closed } of await verifyKept(
    await readFile(file, 'utf8'),
    NETWORK,
  ))
    say(`${signer} ${wallet.slice(0, 8)}… signed at ${issuedAt}: ${type} ${JSON.stringify(scopes)}; closed: ${closed}`);
}

const [what, ...args] = process.argv.slice(2);
const [first, second] = args;
try {
  if (what === 'share' && first && second) await share(first, second);
  else if (what === 'verify' && first) await verify(first);
  else {
    process.stderr.write(USAGE);
    process.exitCode = 1;
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
