import { createApps } from '../connectors/postgres/apps.ts';
import { migrate, openDatabase } from '../connectors/postgres/database.ts';
import type { App, Apps } from '../services/pipeline/ports/apps.ts';
import { publicKeyOption } from './crypto/places.ts';

/** Registers an app, or changes what is given of a known one. @throws UsageError when the key is none */
export async function appsAdd(
  databaseUrl: string,
  key: string,
  options: { readonly tier?: App['tier']; readonly open?: boolean; readonly origins?: readonly string[] },
): Promise<App> {
  const app = await publicKeyOption(key, '<key>');
  return withApps(databaseUrl, (apps) => apps.add({ app, ...options }));
}

/** @param app 32 bytes */
export const isRegistered = (databaseUrl: string, app: Uint8Array): Promise<boolean> =>
  withApps(databaseUrl, async (apps) => (await apps.find(app)) !== null);

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
