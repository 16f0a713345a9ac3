import { Command } from 'commander';
import { openDatabase } from '../connectors/postgres/database.ts';
import { dumpIndex } from '../connectors/postgres/index-dump.ts';
import { needed } from './needed.ts';

async function run(): Promise<void> {
  const db = openDatabase(needed('DATABASE_URL').DATABASE_URL, { connections: 1 });
  try {
    for await (const line of dumpIndex(db)) {
      if (!process.stdout.write(line)) await new Promise((resolve) => process.stdout.once('drain', resolve));
    }
  } finally {
    await db.close();
  }
}

export const command = (): Command =>
  new Command('index-dump').description('print the index in key order, to compare it with a rebuilt one').action(run);
