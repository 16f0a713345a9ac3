import { type Credential, fromHex } from '../../protocol/index.ts';
import { hasPassed } from '../pipeline/clock.ts';
import type { App, Apps } from '../pipeline/ports/apps.ts';
import { mustConsent } from './auth/app-consent.ts';
import { ApiProblem } from './problems.ts';

const KEEP_KNOWN_MS = 5_000;
/** Short, so that an app can be written to right after it is registered. */
const KEEP_UNKNOWN_MS = 500;
const MOST = 10_000;

/** The consent of apps to be written to, looked up at most every 5 s. */
export interface AppRegister {
  /** null: not registered. */
  find(app: { readonly hex: string; readonly bytes: Uint8Array }): Promise<App | null>;
  /** Origins that count of all apps together. */
  origins(): Promise<readonly string[]>;
  /** @param token the app's for writes, or null. @throws ApiProblem `unknown_app`, `app_closed`, `forbidden` or `unpaid` */
  admit(header: { readonly app: string; readonly wallet: string }, token: Credential | null): Promise<void>;
}

export function createAppRegister(apps: Apps, now: () => number): AppRegister {
  const kept = new Map<string, { readonly since: number; readonly ms: number; readonly found: Promise<App | null> }>();

  const look = (hex: string, bytes: Uint8Array): Promise<App | null> => {
    const known = kept.get(hex);
    if (known && !hasPassed(known.ms, known.since, now())) return known.found;
    if (kept.size >= MOST) kept.clear();
    const found = apps.find(bytes);
    kept.set(hex, { since: now(), ms: KEEP_KNOWN_MS, found });
    found.then(
      (app) => app === null && kept.set(hex, { since: now(), ms: KEEP_UNKNOWN_MS, found }),
      () => kept.delete(hex),
    );
    return found;
  };

  let origins: { readonly since: number; readonly found: Promise<readonly string[]> } | null = null;

  return {
    origins() {
      if (origins && !hasPassed(KEEP_UNKNOWN_MS, origins.since, now())) return origins.found;
      const found = apps.origins();
      const kept = { since: now(), found };
      origins = kept;
      found.catch(() => {
        if (origins === kept) origins = null;
      });
      return found;
    },

    find: ({ hex, bytes }) => look(hex, bytes),

    async admit({ app: hex, wallet }, token) {
      const app = await look(hex, fromHex(hex, 32));
      if (!app) throw new ApiProblem('unknown_app');
      mustConsent(app, wallet, token);
      if (app.unpaid) throw new ApiProblem('unpaid');
    },
  };
}
