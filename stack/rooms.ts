import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** The rooms in the order of the flow; each is one process. */
export const ROOMS = ['api', 'encryptor', 'pinner', 'indexer', 'settler', 'exporter'] as const;
export type RoomName = (typeof ROOMS)[number];

/** `node` arguments that run a room: what was built of it, or its source through tsx. */
export function roomArguments(room: string): string[] {
  const built = fileURLToPath(new URL(`../services/${room}/main.js`, import.meta.url));
  if (existsSync(built)) return ['--enable-source-maps', built];
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  return ['--import', tsx, fileURLToPath(new URL(`../services/${room}/main.ts`, import.meta.url))];
}
