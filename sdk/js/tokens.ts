import {
  type Algorithm,
  encodeBearer,
  fromHex,
  type KeyPair,
  parseRequest,
  type RequestFields,
  type SignedRequest,
  signRequest,
  toHex,
  ZERO_KEY,
} from '../../protocol/index.ts';

/** A key pair that signs tokens: an `Account`, or any pair with its algorithm. */
export type TokenSigner = Pick<KeyPair, 'publicKey' | 'secretKey'> & { readonly algorithm: Algorithm };

/** What a token allows. */
export interface TokenSettings {
  readonly network: string;
  /** Such as `batches.write` or `disclosures.read`; the document of the API names them. */
  readonly operations: readonly string[];
  /** Milliseconds since the epoch, at most 24 hours from now. Default: in one hour. */
  readonly expiresAt?: number;
  /** The key that uses it, where that is not the one that signs: it signs a further token of its own, with `delegate`. */
  readonly key?: Uint8Array;
  /** Default: the network. */
  readonly audience?: string;
  readonly now?: () => number;
  readonly randomBytes?: (length: number) => Uint8Array;
}

const HOUR = 3_600_000;

type Frame = Pick<RequestFields<'token'>, 'app' | 'wallet' | 'signer'>;

function sign(by: TokenSigner, frame: Frame, wallet: '*' | Uint8Array, settings: TokenSettings, delegated = false) {
  const { network, operations, audience = network, key = by.publicKey } = settings;
  const random = settings.randomBytes ?? ((length) => crypto.getRandomValues(new Uint8Array(length)));
  const issuedAt = (settings.now ?? Date.now)();
  const content = {
    audience,
    operations: [...operations],
    wallet,
    key,
    expiresAt: settings.expiresAt ?? issuedAt + HOUR,
  };
  const how = { id: toHex(random(16)), issuedAt, algorithm: by.algorithm, wrap: 'none', content } as const;
  return signRequest({ kind: 'token', network, ...frame, ...how }, by, { delegated });
}

/** A token of the app's key, for one wallet or for all. `encodeBearer` makes text of it. */
export function appToken(
  app: TokenSigner,
  settings: TokenSettings & { readonly wallet?: Uint8Array },
): SignedRequest<'token'> {
  const wallet = settings.wallet ?? '*';
  const frame = {
    app: toHex(app.publicKey),
    wallet: wallet === '*' ? ZERO_KEY : toHex(wallet),
    signer: 'app',
  } as const;
  return sign(app, frame, wallet, settings);
}

/** A token of the wallet's key, in one app. */
export function walletToken(
  wallet: TokenSigner,
  settings: TokenSettings & { readonly app: Uint8Array },
): SignedRequest<'token'> {
  const frame = { app: toHex(settings.app), wallet: toHex(wallet.publicKey), signer: 'wallet' } as const;
  return sign(wallet, frame, wallet.publicKey, settings);
}

/**
 * The bearer of a key to which a token delegates: that token, and a second one of this key, which may allow less and never more.
 * Where nothing is said it allows the same.
 * @param first signed by the app or the wallet, with `key` this account's
 * @example
 * const first = appToken(app, { network, operations: ['batches.write'], key: worker.publicKey });
 * const client = new DdcClient({ endpoint, network, app: app.publicKey, authorization: () => `Bearer ${delegate(first, worker)}` });
 */
export function delegate(
  first: SignedRequest<'token'>,
  by: TokenSigner,
  settings: Partial<Pick<TokenSettings, 'operations' | 'expiresAt' | 'now' | 'randomBytes'>> & {
    readonly wallet?: Uint8Array;
  } = {},
): string {
  const { app, signer, network } = first;
  const { audience, operations, expiresAt } = parseRequest(first, 'token').content;
  const one = settings.wallet === undefined ? first.wallet : toHex(settings.wallet);
  const wallet = one === ZERO_KEY ? '*' : fromHex(one, 32);
  return encodeBearer(
    first,
    sign(by, { app, wallet: one, signer }, wallet, { network, audience, operations, expiresAt, ...settings }, true),
  );
}
