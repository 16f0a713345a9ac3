import { readFile, writeFile } from 'node:fs/promises';
import { fromHex, ready, toHex } from '../../protocol/index.ts';
import { accountFromPhrase } from '../../sdk/js/index.ts';
import { accept } from './accept.ts';
import { open, type Proved, shut } from './open.ts';

/** The phrase of development chains: the sandbox's app is derived from it, and so are new people. */
const PHRASE = 'bottom drive obey lake curtain smoke basket hold race lonely fit walk';
const NETWORK = 'cere-sandbox';
const TERMS = 'Terms and conditions, version 7: you may take your data with you.';
const USAGE = `accept <address of the API> <receipt key> <receipt> <opening>   accept terms, and keep two files
verify <receipt key> <receipt>                                  what the receipt proves, without content and without any service
open <receipt key> <receipt> <opening>                          the same with the text that was accepted
`;

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const operator = (key: string) => ({ network: NETWORK, key: fromHex(key, 32) });
const read = async (file: string) => JSON.parse(await readFile(file, 'utf8'));

async function acceptTerms(endpoint: string, key: string, receiptFile: string, openingFile: string): Promise<void> {
  await ready();
  const { publicKey: app } = await accountFromPhrase(`${PHRASE}//cere-ddc//app`);
  const alice = await accountFromPhrase(`${PHRASE}//alice-${toHex(crypto.getRandomValues(new Uint8Array(6)))}`);
  const capsule = await accept({ url: endpoint, ...operator(key), app, alice, terms: TERMS, say });
  await writeFile(receiptFile, `${JSON.stringify(capsule.receipt)}\n`);
  await writeFile(openingFile, `${JSON.stringify(capsule.opening)}\n`);
  say(`the receipt is in ${receiptFile}; what opens it is in ${openingFile}`);
}

function told({ wallet, issuedAt, block, terms }: Proved): void {
  say(`wallet ${wallet} accepted terms: signed, it says, at ${issuedAt}, and not later than block ${block}`);
  say(terms === null ? 'the text stays closed' : `the text: ${terms}`);
}

const [what, first, second, third, fourth] = process.argv.slice(2);
try {
  if (what === 'accept' && first && second && third && fourth) await acceptTerms(first, second, third, fourth);
  else if (what === 'verify' && first && second) told(await shut(await read(second), operator(first)));
  else if (what === 'open' && first && second && third)
    told(await open({ receipt: await read(second), opening: await read(third) }, operator(first)));
  else {
    process.stderr.write(USAGE);
    process.exitCode = 1;
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
