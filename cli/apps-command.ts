import { Command, Option } from 'commander';
import { toHex } from '../protocol/bytes.ts';
import type { App } from '../services/pipeline/ports/apps.ts';
import { appsAdd, appsList } from './apps.ts';

function database(): string {
  const url = process.env.DATABASE_URL;
  if (!url) throw new Error('DATABASE_URL is not set: name the database of the deployment.');
  return url;
}

const line = ({ app, tier, open, pot, unpaid }: App): string =>
  `${toHex(app)} ${tier} pot ${pot}${open ? ' open' : ''}${unpaid ? ' UNPAID' : ''}\n`;

/** `ddc apps`. */
export function command(): Command {
  const add = new Command('add')
    .description('register an app, or change tier and openness of a known one')
    .argument('<key>', 'SS58 address or 64 hex digits')
    .addOption(new Option('--tier <tier>', 'what it may write and pays').choices(['free', 'premium']).default('free'))
    .option('--open', 'takes writes without a token; for sandboxes', false)
    .action(async (key: string, options: { tier: App['tier']; open: boolean }) => {
      process.stdout.write(line(await appsAdd(database(), key, options)));
    });
  const list = new Command('list').description('every app, in the order of its pot').action(async () => {
    for (const app of await appsList(database())) process.stdout.write(line(app));
  });
  return new Command('apps').description('registered apps').addCommand(add).addCommand(list);
}
