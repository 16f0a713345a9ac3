import { Command } from 'commander';
import { openKms } from '../connectors/kms/index.ts';
import { openDatabase } from '../connectors/postgres/database.ts';
import { withKekLock } from '../connectors/vault/kek-lives.ts';
import { checkKeyBackup, restoreKeys } from '../connectors/vault/key-backup/restore-keys.ts';
import { writeKeyBackup } from '../connectors/vault/key-backup/write-backup.ts';
import { ready } from '../protocol/index.ts';
import { processHost } from '../services/pipeline/host/main.ts';
import type { Kms } from '../services/pipeline/ports/kms.ts';
import { UsageError } from './crypto/outcome.ts';
import { RefusedError } from './dlq.ts';
import { needed } from './needed.ts';
import { withRemovalLog } from './removals.ts';

const print = (value: object): void => void process.stdout.write(`${JSON.stringify(value)}\n`);

function keyManagement(): Kms {
  const { DDC_KEK_FILE = '', DDC_KEK = '' } = process.env;
  if ((DDC_KEK_FILE === '') === (DDC_KEK === ''))
    throw new UsageError('Set exactly one of DDC_KEK_FILE and DDC_KEK: the keys that open the backup.');
  return openKms({ kekFile: DDC_KEK_FILE, kek: DDC_KEK }, performance, processHost.random);
}

async function backup(path: string): Promise<void> {
  const { DATABASE_URL } = needed('DATABASE_URL');
  await ready();
  const db = openDatabase(DATABASE_URL, { connections: 1 });
  try {
    print(await writeKeyBackup(db, path));
  } finally {
    await db.close();
  }
}

async function check(path: string): Promise<void> {
  await ready();
  print(await checkKeyBackup(keyManagement(), path));
}

/** The log of removals is taken in before anything is inserted: the database, or the backup, may be older than an erasure. */
async function restore(path: string): Promise<void> {
  await ready();
  const kms = keyManagement();
  const { logs } = await checkKeyBackup(kms, path);
  await withRemovalLog(async ({ db, log, reapply }) => {
    if (logs.length > 0 && !logs.includes(log))
      throw new RefusedError(
        'backup_other_log',
        `The backup belongs to log ${logs.join(', ')}, the topics are log ${log}, which does not know who was erased since. Nothing was written.`,
      );
    const { removals, roots } = await reapply();
    const restored = await withKekLock(db, () => restoreKeys({ db, kms, random: processHost.random }, path));
    if (!restored) throw new Error('The keeper of an API process is changing keys at this moment: try again.');
    print({ ...restored, reapplied: { removals, roots } });
  });
}

/** `ddc keys`. */
export function command(): Command {
  const keys = new Command('keys').description(
    'back up the wrapped user roots, and restore them without the erased ones',
  );
  keys
    .command('backup')
    .argument('<file>', 'new file')
    .description('write every wrapped root of the database, in one snapshot')
    .action(backup);
  keys
    .command('check')
    .argument('<file>', 'what `ddc keys backup` wrote')
    .description('read a backup and open every root in it with the key-encryption keys of today; writes nothing')
    .action(check);
  keys
    .command('restore')
    .argument('<file>', 'what `ddc keys backup` wrote')
    .description('insert the roots that are missing; what an erasure reached stays overwritten')
    .action(restore);
  return keys;
}
