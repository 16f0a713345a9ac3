import { Command } from 'commander';
import { openDatabase } from '../connectors/postgres/database.ts';
import { dumpIndex } from '../connectors/postgres/index-dump.ts';

async function run(): Promise<void> {
  const url = process.env.DATABASE_URL;
  if (!url) throw new Error('DATABASE_URL is not set: name the database that holds the index.');
  const db = openDatabase(url, { connections: 1 });
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
