import { base58Decode, checkAddressChecksum, encodeAddress } from '@polkadot/util-crypto';
import { Command, InvalidArgumentError, Option } from 'commander';
import { potAccount } from '../connectors/chain/pots.ts';
import { toHex } from '../protocol/bytes.ts';
import type { App } from '../services/pipeline/ports/apps.ts';
import { appsAdd, appsList } from './apps.ts';
import { type TokenWish, tokenOfApp } from './apps-token.ts';
import { UsageError } from './crypto/outcome.ts';
import { publicKeyOption } from './crypto/places.ts';
import { readSecret } from './crypto/secret-input.ts';
import { algorithmOption } from './crypto/signing.ts';
import { needed } from './needed.ts';
import { wholeNumber } from './whole-number.ts';

const database = (): string => needed('DATABASE_URL').DATABASE_URL;

/** The address of an app's pot, in the form of the operator's. */
async function potAddress(operator: string, pot: number): Promise<string> {
  const key = await publicKeyOption(operator, '--operator');
  const isHex = operator.length >= 64;
  return encodeAddress(potAccount(key, pot), isHex ? undefined : checkAddressChecksum(base58Decode(operator))[3]);
}

const line = async ({ app, tier, open, pot, unpaid, origins }: App, operator?: string): Promise<string> =>
  [
    toHex(app),
    tier,
    `pot ${pot}`,
    ...(operator ? [await potAddress(operator, pot)] : []),
    ...(open ? ['open'] : []),
    ...(unpaid ? ['UNPAID'] : []),
    ...origins.map((origin) => `from ${origin}`),
  ].join(' ');

interface TokenOptions extends Omit<TokenWish, 'secret'> {
  readonly keyFile: string;
}

/** A token lasts a day at most. */
function hours(text: string): number {
  const value = wholeNumber(1)(text);
  if (value > 24) throw new InvalidArgumentError('A token lasts 24 hours at most.');
  return value;
}

const token = (): Command =>
  new Command('token')
    .description("print a token of the app's own key, with which wallets write to it though it is not open")
    .argument('<key>', 'of the app: SS58 address or 64 hex digits')
    .requiredOption('--key-file <file>', "holds the phrase or secret URI of the app's account")
    .addOption(algorithmOption())
    .addOption(
      new Option('--network <name>', 'of the deployment that it is for').env('DDC_NETWORK').makeOptionMandatory(),
    )
    .option('--wallet <wallet>', 'for this one alone: SS58 address or 64 hex digits; `*` for all of the app', '*')
    .option('--operations <operation...>', 'what it may be used for', ['batches.write'])
    .option('--hours <n>', 'how long, 24 at most', hours, 1)
    .action(async (key: string, { keyFile, ...options }: TokenOptions) => {
      const secret = await readSecret(keyFile, "The app's secret URI", '--key-file');
      process.stdout.write(`${await tokenOfApp(key, { ...options, secret })}\n`);
    });

interface Options {
  readonly tier?: App['tier'];
  readonly open?: boolean;
  readonly origin?: readonly string[];
  readonly operator?: string;
}

/** @throws naming the first that is no origin */
function originList(given: readonly string[]): string[] {
  if (given.length === 1 && given[0] === 'none') return [];
  for (const one of given) {
    const url = URL.canParse(one) ? new URL(one) : null;
    const isOrigin = url !== null && /^https?:$/.test(url.protocol) && url.origin === one;
    if (one !== '*' && !isOrigin)
      throw new UsageError(`${one} is no origin: write scheme, host and port, as https://shop.example`);
  }
  return [...new Set(given)];
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
    .option(
      '--origin <origin...>',
      'pages that browsers may call from for it, as `https://shop.example`, or `*`; all of them, instead of those before; `none` for none',
    )
    .addOption(operator())
    .action(async (key: string, { operator, origin, ...options }: Options) => {
      const given = { ...options, ...(origin ? { origins: originList(origin) } : {}) };
      process.stdout.write(`${await line(await appsAdd(database(), key, given), operator)}\n`);
    });
  const list = new Command('list')
    .description('every app, in the order of its pot')
    .addOption(operator())
    .action(async ({ operator }: Options) => {
      for (const app of await appsList(database())) process.stdout.write(`${await line(app, operator)}\n`);
    });
  return new Command('apps').description('registered apps').addCommand(add).addCommand(list).addCommand(token());
}
