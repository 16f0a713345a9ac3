import { Command } from 'commander';
import { createFileKms } from '../connectors/kms/file-kms.ts';
import { migrate, openDatabase } from '../connectors/postgres/database.ts';
import { destroyKek, type KekEdges, kekLives, rotateKek, withKekLock } from '../connectors/vault/kek-lives.ts';
import { rewrapRoots } from '../connectors/vault/rewrap.ts';
import { ready } from '../protocol/index.ts';
import { processHost } from '../services/pipeline/host/main.ts';
import { needed } from './needed.ts';
import { wholeNumber } from './whole-number.ts';

async function withKeks(work: (edges: KekEdges) => Promise<unknown>): Promise<void> {
  const { DATABASE_URL, DDC_KEK_FILE } = needed('DATABASE_URL', 'DDC_KEK_FILE');
  await ready();
  const db = openDatabase(DATABASE_URL, { connections: 2 });
  try {
    await migrate(db);
    const { clock, random } = processHost;
    const kms = createFileKms(DDC_KEK_FILE, performance, random);
    const result = await withKekLock(db, () => work({ db, kms, random, now: clock.now }));
    if (result === null) throw new Error('The keeper of an API process is changing keys at this moment: try again.');
    process.stdout.write(`${JSON.stringify(result)}\n`);
  } finally {
    await db.close();
  }
}

/** `ddc kek`: what the keeper in the API does by itself, by hand. */
export function command(): Command {
  const kek = new Command('kek').description('rotate the key-encryption key, wrap all roots anew, destroy the old one');
  kek
    .command('status')
    .description('every version: since when, until when, and how many roots it wraps')
    .action(() => withKeks(kekLives));
  kek
    .command('rotate')
    .description('make a new version, which wraps all new roots within seconds')
    .action(() => withKeks(async (edges) => ({ version: await rotateKek(edges) })));
  kek
    .command('rewrap')
    .description('wrap every root with the current version; data is not touched')
    .action(() => withKeks(async ({ db, kms, random }) => rewrapRoots(db, kms, random)));
  kek
    .command('destroy')
    .argument('<version>', 'as `ddc kek status` shows it', wholeNumber(1))
    .description('destroy a version that no root needs any more')
    .action((version: number) =>
      withKeks(async (edges) => {
        await destroyKek(edges, version);
        return { destroyed: version };
      }),
    );
  return kek;
}
