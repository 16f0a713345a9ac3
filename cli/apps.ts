import { decodeAddress } from '@polkadot/util-crypto';
import { createApps } from '../connectors/postgres/apps.ts';
import { migrate, openDatabase } from '../connectors/postgres/database.ts';
import { fromHex } from '../protocol/index.ts';
import type { App, Apps } from '../services/pipeline/ports/apps.ts';

/** A 32-byte public key from SS58 of any prefix, or from hex with or without 0x. @throws naming what is wrong with it */
export function accountKey(text: string): Uint8Array {
  const hex = /^(?:0x)?([0-9a-fA-F]{64})$/.exec(text)?.[1];
  if (hex) return fromHex(hex.toLowerCase(), 32);
  let key: Uint8Array;
  try {
    key = decodeAddress(text);
  } catch (cause) {
    throw new Error(`${text} is neither an SS58 address nor 64 hex digits.`, { cause });
  }
  if (key.length !== 32) throw new Error(`${text} is an address of ${key.length} bytes; it must have a 32-byte key.`);
  return new Uint8Array(key);
}

/** Registers an app, or changes what is given of a known one. */
export async function appsAdd(
  databaseUrl: string,
  key: string,
  options: { readonly tier?: App['tier']; readonly open?: boolean; readonly origins?: readonly string[] },
): Promise<App> {
  const app = accountKey(key);
  return withApps(databaseUrl, (apps) => apps.add({ app, ...options }));
}

/** Every registered app, in the order of its pot. */
export const appsList = (databaseUrl: string): Promise<App[]> => withApps(databaseUrl, (apps) => apps.list());

async function withApps<T>(databaseUrl: string, use: (apps: Apps) => Promise<T>): Promise<T> {
  const db = openDatabase(databaseUrl, { connections: 1 });
  try {
    await migrate(db);
    return await use(createApps(db));
  } finally {
    await db.close();
  }
}
