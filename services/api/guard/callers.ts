import type { Request, Response } from 'express';
import type { Credential } from '../../../protocol/index.ts';
import type { Access } from '../access.ts';
import type { AppRegister } from '../app-register.ts';
import type { AuditedCaller } from '../audit.ts';
import { type Auth, identityOf } from '../auth/bearer.ts';
import { bearerText, type VerifyToken } from '../auth/credentials.ts';
import type { Limiter } from '../limits/limiter.ts';
import { onOver } from '../over.ts';
import type { Route } from '../route.ts';
import { hex32, ownerShape, requestId } from '../shapes.ts';
import { type Cors, originOf } from './cors.ts';
import { signerOf } from './signers.ts';

type Handle = NonNullable<Route['handle']>;

/** Who calls the routes on express: what they may do in a second, and which pages may read what they are answered. */
export interface Callers {
  /** What the head of a request shows already: a token, where one is needed, that is for this and within its limits. Remembers whose it is. */
  gate(request: Request, response: Response, access: Access): void;
  /** The route, for callers within their limits. */
  around(handle: Handle): Handle;
  /** Who proved to be whom: who signed the request, or whose token came with it. null: nobody did. */
  of(request: Request): AuditedCaller | null;
}

export interface CallersDeps {
  readonly auth: Pick<Auth, 'gate'>;
  readonly verify: VerifyToken;
  readonly apps: Pick<AppRegister, 'find'>;
  readonly limiter: Limiter;
  readonly cors: Cors;
}

export function createCallers({ auth, verify, apps, limiter, cors }: CallersDeps): Callers {
  const known = new WeakMap<Request, Credential>();

  function meet(request: Request, response: Response): void {
    const text = bearerText(request.headers.authorization);
    if (text === null) return;
    const credential = verify(text);
    known.set(request, credential);
    onOver(response, limiter.enter(`token ${identityOf(credential)}`));
  }

  async function narrow(request: Request, response: Response): Promise<void> {
    if (originOf(request) === null) return;
    const hex = appOf(request.params, request.body, known.get(request)?.app);
    const app = hex === null ? null : await apps.find({ hex, bytes: Buffer.from(hex, 'hex') });
    if (app) cors.narrow(request, response, app);
  }

  return {
    gate(request, response, access) {
      if (takesToken(access)) meet(request, response);
      auth.gate(request, access);
    },
    around: (handle) => async (request, response) => {
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
      const signer = signerOf(request);
      if (signer) return signer;
      const token = known.get(request);
      return token === undefined ? null : { signer: token.signer, key: identityOf(token), id: token.id };
    },
  };
}

const takesToken = ({ kind }: Access): boolean => kind !== 'public' && kind !== 'signed';

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

/** Who a signed request says that signed it; whether it did, is not known here. */
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
