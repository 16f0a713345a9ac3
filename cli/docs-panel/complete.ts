import {
  type Content,
  encodeBearer,
  fromHex,
  KINDS,
  type KindName,
  parseRequest,
  signBatch,
  signRequest,
  toHex,
  ZERO_KEY,
} from '../../protocol/index.ts';
import { type Account, appToken, uuidv7, walletToken } from '../../sdk/js/index.ts';

/** Who signs, for whom, and where. */
export interface Signing {
  readonly network: string;
  /** 32-byte public key of the application. */
  readonly app: Uint8Array;
  readonly wallet: Account;
  /** Of tokens: the wallet or the app. */
  readonly bearer: { readonly by: 'wallet' | 'app'; readonly account: Account };
  readonly now: number;
  readonly random: (length: number) => Uint8Array;
}

type Plain = Record<string, unknown>;
const DAY = 86_400_000;
/** Members of bodies that are bytes; everything else is text or numbers. */
const BYTES = new Set(['x25519', 'recipient', 'grantor', 'grant', 'subject', 'key', 'token', 'recipients']);

/** One request of this kind, out of its plain content: bytes in hex, `expiresAt` and `grantor` added where the kind has them and they are absent. */
export function signPlain(kind: KindName, plain: Plain, { network, app, wallet, now, random }: Signing): object {
  const { fields, zero } = KINDS[kind] as unknown as { fields: object; zero?: readonly string[] };
  const given: Plain = {
    ...('expiresAt' in fields ? { expiresAt: now + DAY } : {}),
    ...('grantor' in fields ? { grantor: toHex(wallet.publicKey) } : {}),
    ...plain,
  };
  const content = Object.fromEntries(
    Object.entries(given).map(([name, value]) => [name, BYTES.has(name) ? asBytes(value) : value]),
  ) as Content<KindName>;
  const owner = { app: zero?.includes('app') ? ZERO_KEY : toHex(app), wallet: toHex(wallet.publicKey) };
  const frame = { kind, network, ...owner, id: toHex(random(16)), issuedAt: now, signer: 'wallet' as const };
  return signRequest({ ...frame, algorithm: wallet.algorithm, wrap: 'none', content }, wallet);
}

const asBytes = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(asBytes)
    : typeof value === 'string' && /^[0-9a-f]+$/.test(value)
      ? fromHex(value)
      : value;

/** The content of a signed request as a person types it: bytes in hex, without an end. */
export function plainOf(request: unknown): Plain {
  const { expiresAt: _, grantor: __, ...content } = parseRequest(request).content as Plain;
  const show = (value: unknown): unknown =>
    value instanceof Uint8Array ? toHex(value) : Array.isArray(value) ? value.map(show) : value;
  return Object.fromEntries(Object.entries(content).map(([name, value]) => [name, show(value)]));
}

/** A signed batch of plain events: `{type, scopes: {<scope>: any JSON}}`; id, time and salts are added. */
export function signEvents(events: readonly Plain[], { network, app, wallet, now, random }: Signing) {
  const made = events.map(({ scopes = {}, ...event }) => ({
    ...{ id: uuidv7(now, random(10)), time: new Date(now).toISOString(), type: 'PAGE_VIEW' },
    ...event,
    scopes: Object.fromEntries(
      Object.entries(scopes as Plain).map(([name, value]) => [
        name,
        { salt: toHex(random(16)), data: typeof value === 'string' ? value : JSON.stringify(value) },
      ]),
    ),
  }));
  return signBatch({
    ...{ network, app: toHex(app), wallet: toHex(wallet.publicKey), source: toHex(random(16)), seq: 0, issuedAt: now },
    ...{ signer: 'wallet', algorithm: wallet.algorithm, wrap: 'none', events: made, keyPair: wallet },
  });
}

/** The value of the header Authorization: a token of one hour for these operations. */
export function bearerOf(operations: string[], { network, app, bearer, now, random }: Signing): string {
  const { by, account } = bearer;
  const settings = { network, operations, now: () => now, randomBytes: random };
  return `Bearer ${encodeBearer(by === 'app' ? appToken(account, settings) : walletToken(account, { ...settings, app }))}`;
}

/** A body for an address: what is signed already stays as it is. @param kind of the requests that the address takes; null where it takes none */
export function completed(path: string, kind: KindName | null, body: unknown, signing: Signing): unknown {
  if (typeof body !== 'object' || body === null) return body;
  const plain = body as Plain;
  if (path === '/v1/events' && !('header' in plain)) {
    const { header, events } = signEvents([plain], signing);
    return { header, event: events[0] };
  }
  if (path === '/v1/batches' && !('header' in plain))
    return signEvents((plain.events as Plain[] | undefined) ?? [plain], signing);
  return kind !== null && !('signature' in plain) ? signPlain(kind, plain, signing) : body;
}
