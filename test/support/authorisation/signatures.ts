import { randomBytes } from 'node:crypto';
import {
  type Content,
  encodeNdjson,
  type KeyPair,
  type KindName,
  type SignedBatch,
  type SignedRequest,
  type Signer,
  signRequest,
  toHex,
  utf8,
  ZERO_KEY,
} from '../../../protocol/index.ts';
import { someBatch } from '../api.ts';
import type { Party } from '../reading-world.ts';
import { BATCH, type Cell, type Column, SIGNED } from './columns.ts';
import type { Call, Way } from './way.ts';
import type { AuthorisationWorld } from './world.ts';

const NETWORK = 'cere-sandbox';
/** More than a request, and a batch, may be old. */
const LONG_AGO = 8 * 24 * 3_600_000;

export interface SignedWay<K extends KindName> {
  readonly path: string;
  readonly kind: K;
  /** Status of the right one. */
  readonly right: number;
  /** Of no app, as certificates are. */
  readonly ofNoApp?: true;
  /** Default: the wallet signs. */
  readonly signer?: Signer;
  /** What the wallet, which is new, says; what has to be there before is put there. @param at when it is signed */
  readonly content: (world: AuthorisationWorld, wallet: Party, at: number) => Content<K> | Promise<Content<K>>;
  readonly cells?: Partial<Record<Column, Cell>>;
}

/** By who signed the body. */
export function signed<K extends KindName>(way: SignedWay<K>): Way {
  return {
    by: way.signer === 'app' ? 'signed by the app' : 'signed by the wallet',
    right: way.right,
    cells: { ...SIGNED, ...way.cells },
    async call(world, column) {
      const body = await requestOf(world, way, column);
      return { path: way.path, body: JSON.stringify(body) };
    },
  };
}

async function requestOf<K extends KindName>(
  world: AuthorisationWorld,
  { kind, path, ofNoApp, signer = 'wallet', content }: SignedWay<K>,
  column: Column | null,
): Promise<object> {
  const author = world.party('author');
  const wallet = toHex(author.account.publicKey);
  const app = ofNoApp ? ZERO_KEY : toHex(world.app);
  const late = column === 'expired' ? LONG_AGO : 0;
  const said = await content(world, author, world.now() - late);
  const issuedAt = world.now() - late;
  const own: KeyPair = signer === 'app' ? world.appKeys : author.account;
  const how = { id: toHex(randomBytes(16)), algorithm: 'sr25519' as const, wrap: 'none' as const };
  const network = column === 'another audience' ? 'another' : NETWORK;
  const frame = { ...how, network, app, wallet: signer === 'app' ? ZERO_KEY : wallet, signer };
  // Another key signs in this one's name: the library is told that it was delegated.
  const by = (keyPair: KeyPair, at = issuedAt): SignedRequest<K> =>
    signRequest<K>({ kind, ...frame, issuedAt: at, content: said }, keyPair, { delegated: true });
  switch (column) {
    case 'no token':
      return unsigned(by(own));
    case 'another wallet':
      return by(world.stranger.account);
    case 'another app':
      return { ...by(world.otherApp), signer: 'app' };
    case 'another operation': {
      const place = { ...how, network, app: toHex(world.app), wallet, signer: 'wallet' as const, issuedAt };
      if (kind === 'disown') return signRequest({ kind: 'erase', ...place, content: {} }, author.account);
      return signRequest({ kind: 'disown', ...place, content: { token: new Uint8Array(16) } }, author.account);
    }
    case 'its id used again with other bytes':
      await sentBefore(world, path, by(own));
      return by(own, issuedAt + 1);
    default:
      return by(own);
  }
}

function unsigned<T extends { signature: string }>({ signature: _none, ...rest }: T): Omit<T, 'signature'> {
  return rest;
}

async function sentBefore({ it }: AuthorisationWorld, path: string, body: object): Promise<void> {
  const answer = await fetch(`${it.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`the first use of the id was answered ${answer.status} ${await answer.text()}`);
}

/** A batch of a wallet as an address takes it. */
type Encoded = (batch: SignedBatch) => Pick<Call, 'path' | 'body' | 'type'>;
export const asNdjson: Encoded = (batch) => ({
  path: '/v1/batches',
  type: 'application/x-ndjson',
  body: encodeNdjson(batch),
});
export const asEvent: Encoded = ({ header, events: [event] }) => ({
  path: '/v1/events',
  body: utf8(JSON.stringify({ header, event })),
});

/** By who signed the header. */
export const batch = (encoded: Encoded): Way => ({
  by: 'signed by the wallet',
  right: 202,
  cells: BATCH,
  async call(world, column) {
    const { account } = world.party('author');
    const wallet = toHex(account.publicKey);
    const issuedAt = column === 'expired' ? world.now() - LONG_AGO : world.now();
    const network = column === 'another audience' ? { network: 'another' } : {};
    const made = someBatch({ wallet, keyPair: account, issuedAt, ...network });
    const signature = (keyPair: KeyPair) =>
      someBatch({ ...made.header, wallet: toHex(keyPair.publicKey), keyPair, events: made.events }).header.signature;
    switch (column) {
      case 'no token':
        return encoded({ ...made, header: unsigned(made.header) } as SignedBatch);
      case 'another wallet':
        return encoded({ ...made, header: { ...made.header, signature: signature(world.stranger.account) } });
      case 'another app':
        return encoded({ ...made, header: { ...made.header, signer: 'app', signature: signature(world.otherApp) } });
      default:
        return encoded(made);
    }
  },
});

/** A batch for the app that is not open. */
export function closedBatch(world: AuthorisationWorld, encoded: Encoded): Call {
  const { account } = world.party('author');
  const app = toHex(world.closedApp.publicKey);
  return encoded(someBatch({ app, wallet: toHex(account.publicKey), keyPair: account, issuedAt: world.now() }));
}

/** The move of a wallet that is new in the app that is not open. */
export function closedMove(world: AuthorisationWorld): Call {
  const { account } = world.party('author');
  const content = { mode: 'client' as const, subject: new Uint8Array(randomBytes(32)), epoch: 0 };
  const request = signRequest(
    {
      ...{ kind: 'move' as const, network: NETWORK, app: toHex(world.closedApp.publicKey), content },
      ...{ wallet: toHex(account.publicKey), id: toHex(randomBytes(16)), issuedAt: world.now() },
      ...{ signer: 'wallet' as const, algorithm: 'sr25519' as const, wrap: 'none' as const },
    },
    account,
  );
  return { path: '/v1/moves', body: JSON.stringify(request) };
}
