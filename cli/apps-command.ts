import { base58Decode, checkAddressChecksum, encodeAddress } from '@polkadot/util-crypto';
import { Command, Option } from 'commander';
import { potAccount } from '../connectors/chain/pots.ts';
import { toHex } from '../protocol/bytes.ts';
import type { App } from '../services/pipeline/ports/apps.ts';
import { accountKey, appsAdd, appsList } from './apps.ts';

function database(): string {
  const url = process.env.DATABASE_URL;
  if (!url) throw new Error('DATABASE_URL is not set: name the database of the deployment.');
  return url;
}

/** The address of an app's pot, in the form of the operator's. */
function potAddress(operator: string, pot: number): string {
  const key = accountKey(operator);
  const isHex = operator.length >= 64;
  return encodeAddress(potAccount(key, pot), isHex ? undefined : checkAddressChecksum(base58Decode(operator))[3]);
}

const line = ({ app, tier, open, pot, unpaid }: App, operator?: string): string =>
  [
    toHex(app),
    tier,
    `pot ${pot}`,
    ...(operator ? [potAddress(operator, pot)] : []),
    ...(open ? ['open'] : []),
    ...(unpaid ? ['UNPAID'] : []),
  ].join(' ');

interface Options {
  readonly tier?: App['tier'];
  readonly open?: boolean;
  readonly operator?: string;
}

const operator = () =>
  new Option('--operator <address>', "the operator's address: shows that of each pot, to be funded");

/** `ddc apps`. */
export function command(): Command {
  const add = new Command('add')
    .description('register an app (free and closed where nothing else is said), or change what is given of a known one')
    .argument('<key>', 'SS58 address or 64 hex digits')
    .addOption(new Option('--tier <tier>', 'what it may write and pays').choices(['free', 'premium']))
    .option('--open', 'takes writes without a token')
    .option('--no-open', 'takes none without')
    .addOption(operator())
    .action(async (key: string, { operator, ...options }: Options) => {
      process.stdout.write(`${line(await appsAdd(database(), key, options), operator)}\n`);
    });
  const list = new Command('list')
    .description('every app, in the order of its pot')
    .addOption(operator())
    .action(async ({ operator }: Options) => {
      for (const app of await appsList(database())) process.stdout.write(`${line(app, operator)}\n`);
    });
  return new Command('apps').description('registered apps').addCommand(add).addCommand(list);
}
