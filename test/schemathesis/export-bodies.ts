import { toHex } from '../../protocol/index.ts';
import type { Account } from '../../sdk/js/index.ts';
import { type Cast, random } from './cast.ts';

const DAY = 86_400_000;
const FOLDER = '/srv/exports';

/** What the API is started with, so that exports may be declared there. No process works on them: nothing is written to the folder. */
export const EXPORT_ENV = { DDC_EXPORT_SINKS: 'ndjson', DDC_EXPORT_FOLDER: FOLDER };

/** Whoever attaches exports: the second who stays. */
export const partnerOf = ({ app, staying }: Cast): Account => staying[1] ?? app;

/** Of an export that is new, of the app or of a partner. */
export const declarationOf = ({ app }: Cast, by = app, name = `e-${toHex(random(6))}`) => ({
  ...{ name, scopes: ['page'], sink: 'ndjson' },
  config: { folder: `${FOLDER}/${toHex(by.publicKey)}/${name}` },
});

/** What partners may attach, and for how long yet. */
export const offerOf = () => ({
  ...{ scopes: ['page', 'purchase'], types: ['PAGE_VIEW', 'PURCHASE'], sinks: ['ndjson'] },
  expiresAt: Date.now() + DAY,
});

/** Of a replay to a folder, or into an export that is paused. */
export const replayOf = (cast: Cast, into: string | null = null) => {
  const { name: _, scopes, ...target } = declarationOf(cast);
  return into === null ? { scopes, target } : { target: { export: into } };
};
