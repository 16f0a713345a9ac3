import { randomBytes } from 'node:crypto';
import { encodeBearer, fromHex, keyPairFromSeed, signRequest, toHex, ZERO_KEY } from '../../../protocol/index.ts';
import type { Bearer } from '../../../services/api/access.ts';
import { type TokenWish, tokenOf } from '../call-api.ts';
import { HOUR } from '../reading-world.ts';
import { APP_TOKEN, type Cell, type Column, TOKEN } from './columns.ts';
import type { Call, Way } from './way.ts';
import type { AuthorisationWorld } from './world.ts';

/** Whose token it is; names as a route's `access` has them. */
type Identity = Bearer | 'closed app';
type Chain = Parameters<typeof encodeBearer>;

/** What a token of this identity says, and what it says where the wallet or the app is another one. */
function wishOf(
  world: AuthorisationWorld,
  by: Identity,
  column: Column | null,
): Pick<TokenWish, 'keyPair' | 'app' | 'by' | 'wallet'> {
  const { owner, friend, stranger, appKeys, otherApp, closedApp } = world;
  const isApp = by === 'app' || by === 'closed app';
  if (isApp) {
    const own = by === 'app' ? appKeys : closedApp;
    const keyPair = column === 'another app' ? otherApp : own;
    return {
      keyPair,
      app: keyPair.publicKey,
      by: 'app',
      wallet: column === 'another wallet' ? stranger.account.publicKey : '*',
    };
  }
  const party = column === 'another wallet' ? stranger : by === 'owner' ? owner : friend;
  return { keyPair: party.account, app: column === 'another app' ? otherApp.publicKey : world.app, by: 'wallet' };
}

const worker = keyPairFromSeed('sr25519', new Uint8Array(32).fill(5));

/** The token of a call, wrong in what the column says; null: none. */
async function chainOf(
  world: AuthorisationWorld,
  by: Identity,
  operations: readonly string[],
  column: Column | null,
): Promise<Chain | null> {
  const now = world.now();
  const right: TokenWish = { ...wishOf(world, by, column), operations, now };
  const expiresAt = now + HOUR;
  switch (column) {
    case 'no token':
      return null;
    case 'expired':
      return [tokenOf({ ...right, now: now - HOUR, expiresAt: now - 1 })];
    case 'another audience':
      return [tokenOf({ ...right, audience: 'another' })];
    case 'another operation':
      return [tokenOf({ ...right, operations: ['nothing', ...operations.slice(0, -1)] })];
    case 'delegated, used without its key':
      return [tokenOf({ ...right, key: worker.publicKey })];
    case 'delegated too far': {
      const first = tokenOf({ ...right, operations: ['nothing'], key: worker.publicKey, expiresAt });
      const wallet = right.wallet ?? right.keyPair.publicKey;
      return [first, tokenOf({ ...right, wallet, keyPair: worker, delegated: true, expiresAt })];
    }
    case 'revoked': {
      const token = tokenOf(right);
      await revoke(world, token.id, right);
      return [token];
    }
    default:
      return [tokenOf(right)];
  }
}

async function revoke(world: AuthorisationWorld, id: string, { keyPair, app, by }: TokenWish): Promise<void> {
  const request = signRequest(
    {
      ...{ kind: 'disown' as const, network: 'cere-sandbox', app: toHex(app), id: toHex(randomBytes(16)) },
      ...{ wallet: by === 'app' ? ZERO_KEY : toHex(keyPair.publicKey), issuedAt: world.now(), signer: by },
      ...{ algorithm: 'sr25519' as const, wrap: 'none' as const, content: { token: fromHex(id, 16) } },
    },
    keyPair,
  );
  const { status } = await world.disown(request);
  if (status !== 201) throw new Error(`a revocation was answered ${status}`);
}

export interface TokenWay {
  readonly operation: string;
  /** A second operation that the call needs. */
  readonly also?: string;
  readonly call: (world: AuthorisationWorld) => Call | Promise<Call>;
  /** The same call after its id was used for something else. */
  readonly again?: (world: AuthorisationWorld) => Promise<Call>;
  readonly right?: number;
  readonly tells?: (text: string) => boolean;
  readonly cells?: Partial<Record<Column, Cell>>;
}

/** By the token of an identity. */
export function token(by: Bearer, { operation, also, right = 200, cells, ...way }: TokenWay): Way {
  const operations = also === undefined ? [operation] : [operation, also];
  return {
    by: also === undefined ? by : `${by}, ${also}`,
    right,
    cells: { ...TOKEN, ...cells },
    as: (another) => token(another, { operation, ...(also === undefined ? {} : { also }), ...way }),
    ...(way.tells ? { tells: way.tells } : {}),
    async call(world, column) {
      const made = await (column === 'its id used again with other bytes' && way.again
        ? way.again(world)
        : way.call(world));
      const chain = await chainOf(world, by, operations, column);
      return chain
        ? { ...made, headers: { authorization: `Bearer ${encodeBearer(...chain)}`, ...made.headers } }
        : made;
    },
  };
}

/** With the token of an app that is not open, for writes: as `Authorization` of what a wallet signed, or beside the wallet's own token. */
export function appToken(
  header: 'authorization' | 'ddc-app-token',
  { right, call, again, cells = {} }: Omit<TokenWay, 'operation' | 'also' | 'right'> & { readonly right: number },
): Way {
  return {
    by: header === 'authorization' ? 'closed app' : 'owner and closed app',
    right,
    cells: { ...APP_TOKEN, ...cells },
    async call(world, column) {
      const made = await (column === 'its id used again with other bytes' && again ? again(world) : call(world));
      const chain = await chainOf(world, 'closed app', ['batches.write'], column);
      if (!chain) return made;
      const text = encodeBearer(...chain);
      return { ...made, headers: { ...made.headers, [header]: header === 'authorization' ? `Bearer ${text}` : text } };
    },
  };
}
