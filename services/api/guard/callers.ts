import type { Request, Response } from 'express';
import { toHex, type VerifiedRequest } from '../../../protocol/index.ts';
import type { AppRegister } from '../app-register.ts';
import type { AuditedCaller } from '../audit.ts';
import type { Tokens } from '../auth/bearer.ts';
import type { Limiter } from '../limits/limiter.ts';
import type { Route } from '../route.ts';
import { hex32, ownerShape, requestId } from '../shapes.ts';
import { type Cors, originOf } from './cors.ts';

type Handle = NonNullable<Route['handle']>;

/** Who calls the routes on express: what they may do in a second, and which pages may read what they are answered. */
export interface Callers {
  /** Checks tokens, and remembers whose they are. */
  readonly tokens: Tokens;
  /** The route, for callers within their limits. */
  around(handle: Handle): Handle;
  /** Who proved to be whom; null: nobody did. */
  of(request: Request): AuditedCaller | null;
}

export interface CallersDeps {
  readonly tokens: Tokens;
  readonly apps: Pick<AppRegister, 'find'>;
  readonly limiter: Limiter;
  readonly cors: Cors;
}

export function createCallers({ tokens, apps, limiter, cors }: CallersDeps): Callers {
  const known = new WeakMap<Request, VerifiedRequest<'token'>>();

  const watched: Tokens = (request) => {
    const before = known.get(request);
    if (before) return before;
    const token = tokens(request);
    known.set(request, token);
    const leave = limiter.enter(`token ${toHex(token.content.key)}`);
    request.res?.once('close', leave);
    return token;
  };

  async function narrow(request: Request, response: Response): Promise<void> {
    if (originOf(request) === null) return;
    const hex = appOf(request.params, request.body, known.get(request)?.app);
    const app = hex === null ? null : await apps.find({ hex, bytes: Buffer.from(hex, 'hex') });
    if (app) cors.narrow(request, response, app);
  }

  return {
    tokens: watched,
    around: (handle) => async (request, response) => {
      if (request.headers.authorization !== undefined) watched(request);
      await narrow(request, response);
      const signed = known.has(request) ? null : signedBy(request.body);
      if (signed === null) return handle(request, response);
      // Whose it is, is known for sure only afterwards: what somebody else signs in a name must not use that name up.
      const key = `request ${signed.key}`;
      limiter.check(key);
      await handle(request, response);
      limiter.enter(key)();
    },
    of(request) {
      const token = known.get(request);
      if (!token) return signedBy(request.body);
      return { signer: token.signer, key: toHex(token.content.key), id: token.id };
    },
  };
}

/** Parameters of an address. */
type Named = Readonly<Record<string, unknown>>;

/** The app that a request names: in its address, by its token, or in its body. */
export function appOf(named: Named, body: unknown, tokenApp: string | undefined): string | null {
  const app = ownerShape.shape.app.safeParse(named.app);
  return app.success ? app.data : (tokenApp ?? memberOf(body, 'app'));
}

/** The wallet that a request names. */
export function walletOf(named: Named, body: unknown): string | null {
  const wallet = ownerShape.shape.wallet.safeParse(named.wallet);
  return wallet.success ? wallet.data : memberOf(body, 'wallet');
}

/** Who a signed request says that signed it. */
function signedBy(body: unknown): AuditedCaller | null {
  const id = requestId.safeParse(field(body, 'id'));
  const signer = field(body, 'signer');
  if (!id.success || (signer !== 'wallet' && signer !== 'app')) return null;
  const key = memberOf(body, signer);
  return key === null ? null : { signer, key, id: id.data };
}

function memberOf(body: unknown, name: 'app' | 'wallet'): string | null {
  const found = hex32.safeParse(field(body, name));
  return found.success ? found.data : null;
}

const field = (body: unknown, name: string): unknown =>
  typeof body === 'object' && body !== null && name in body ? (body as Record<string, unknown>)[name] : undefined;
