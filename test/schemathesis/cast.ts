import { randomBytes } from 'node:crypto';
import { type Signing, signEvents, signPlain } from '../../cli/docs-panel/complete.ts';
import {
  encryptionKeyPairFromSeed,
  type KindName,
  type Signer,
  signRequest,
  toBase64url,
  toHex,
  utf8,
  ZERO_KEY,
} from '../../protocol/index.ts';
import { type Account, accountFromPhrase, deriveAccount } from '../../sdk/js/index.ts';

const PHRASE = 'bottom drive obey lake curtain smoke basket hold race lonely fit walk';
const HOUR = 3_600_000;
/** Who stays, so that there is something of theirs to read; and how many may move, and as many be erased. */
const STAYING = 4;
const GOING = 24;

export const random = (length: number) => new Uint8Array(randomBytes(length));

/** Everybody who signs in a run, new in each. */
export interface Cast {
  readonly network: string;
  readonly app: Account;
  readonly staying: readonly Account[];
  readonly moved: readonly Account[];
  /** The first is erased before anything is asked. */
  readonly erased: readonly Account[];
  /** Of each who stays, public half in hex. */
  readonly encryptionKeys: readonly string[];
}

export async function castOf(network: string, app: Account): Promise<Cast> {
  const root = await accountFromPhrase(`${PHRASE}//schemathesis//${toHex(random(6))}`);
  const some = (count: number, name: string) =>
    Array.from({ length: count }, (_, i) => deriveAccount(root, `//${name}//${i}`));
  const staying = some(STAYING, 'staying');
  const encryptionKeys = staying.map(() => toHex(encryptionKeyPairFromSeed(random(32)).publicKey));
  return { network, app, staying, moved: some(GOING, 'moved'), erased: some(GOING, 'erased'), encryptionKeys };
}

const signingOf = ({ network, app }: Cast, wallet: Account): Signing => ({
  ...{ network, app: app.publicKey, wallet, now: Date.now(), random },
  bearer: { by: 'wallet', account: wallet },
});

/** A signed request of a wallet, out of plain content. */
export const requestOf = (cast: Cast, wallet: Account, kind: KindName, content: Record<string, unknown> = {}) =>
  signPlain(kind, content, signingOf(cast, wallet)) as { readonly id: string };

/** A signed batch of a wallet; with `blob` its first event names one. */
export function batchOf(cast: Cast, wallet: Account, count: number, blob?: string) {
  const events = Array.from({ length: count }, (_, i) => ({
    ...{ type: i % 2 === 0 ? 'PAGE_VIEW' : 'PURCHASE', session: 's' },
    ...(blob && i === 0 ? { blob } : {}),
    scopes: { page: { url: `/${i}` }, purchase: { sum: i } },
  }));
  return signEvents(events, signingOf(cast, wallet));
}

/** The revocation of a token that nobody has. */
export function disownOf({ network, app }: Cast, wallet: Account) {
  const head = { kind: 'disown' as const, network, app: toHex(app.publicKey), wallet: toHex(wallet.publicKey) };
  const how = { id: toHex(random(16)), issuedAt: Date.now(), signer: 'wallet', wrap: 'none' } as const;
  return signRequest({ ...head, ...how, algorithm: wallet.algorithm, content: { token: random(16) } }, wallet);
}

/** A token as it stands behind `Bearer`: of a wallet for itself, or of the app for all. */
export function tokenOf({ network, app }: Cast, account: Account, operations: readonly string[], ms = HOUR): string {
  const isApp = account === app;
  const key = account.publicKey;
  const head = { kind: 'token' as const, network, app: toHex(app.publicKey) };
  const signer: Signer = isApp ? 'app' : 'wallet';
  const how = {
    ...{ wallet: isApp ? ZERO_KEY : toHex(key), id: toHex(random(16)), issuedAt: Date.now() + ms - HOUR },
    ...{ signer, wrap: 'none' as const },
  };
  const content = {
    ...{ audience: network, operations: [...operations], wallet: isApp ? ('*' as const) : key },
    ...{ key, expiresAt: Date.now() + ms },
  };
  return toBase64url(
    utf8(JSON.stringify(signRequest({ ...head, ...how, algorithm: account.algorithm, content }, account))),
  );
}
