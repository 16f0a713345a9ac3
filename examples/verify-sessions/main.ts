import { readFile, writeFile } from 'node:fs/promises';
import { fromHex, ready, toHex } from '../../protocol/index.ts';
import { accountFromPhrase } from '../../sdk/js/index.ts';
import { record } from './record.ts';
import { verifySessions } from './verify.ts';

/** The phrase of development chains: the sandbox's app is derived from it, and so are new people. */
const PHRASE = 'bottom drive obey lake curtain smoke basket hold race lonely fit walk';
const NETWORK = 'cere-sandbox';
const USAGE = `record <address of the API> <receipt key> <file>   two sessions, settled, and what proves them in a file
verify <receipt key> <file>                        every event signed, every batch settled; needs no service
`;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function recordSessions(endpoint: string, key: string, file: string): Promise<void> {
  await ready();
  const { publicKey: app } = await accountFromPhrase(`${PHRASE}//cere-ddc//app`);
  const secret = `${PHRASE}//alice-${toHex(crypto.getRandomValues(new Uint8Array(6)))}`;
  const alice = await accountFromPhrase(secret);
  const kept = await record({ url: endpoint, network: NETWORK, app, alice, key: fromHex(key, 32), say });
  await writeFile(file, JSON.stringify(kept));
  await writeFile(`${file}.phrase`, secret);
  const wallet = `--wallet ${toHex(alice.publicKey)} --app ${toHex(app)} --network ${NETWORK}`;
  say(`ddc verify ${wallet} --api ${endpoint} --operator-key ${key} --key-file ${file}.phrase`);
}

async function verify(key: string, file: string): Promise<void> {
  const kept = JSON.parse(await readFile(file, 'utf8'));
  for (const { session, events, blocks, fee } of await verifySessions(kept, {
    network: NETWORK,
    key: fromHex(key, 32),
  }))
    say(
      `session ${session}: ${events} events signed by the wallet, settled in block ${blocks.join(', ')} for ${fee} planck`,
    );
}

const [what, ...args] = process.argv.slice(2);
const [first, second, third] = args;
try {
  if (what === 'record' && first && second && third) await recordSessions(first, second, third);
  else if (what === 'verify' && first && second) await verify(first, second);
  else {
    process.stderr.write(USAGE);
    process.exitCode = 1;
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
