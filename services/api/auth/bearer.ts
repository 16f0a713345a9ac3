import type { Request } from 'express';
import {
  checkRequestTime,
  fromBase64url,
  fromUtf8,
  ProtocolError,
  toHex,
  type VerifiedRequest,
  verifyRequest,
} from '../../../protocol/index.ts';
import type { Access } from '../access.ts';
import { ApiProblem } from '../problems.ts';
import type { Operation } from './operations.ts';

/** Who calls: the holder of a wallet's or an app's key. Keys in hex. */
export type Caller =
  | { readonly app: string; readonly wallet: string; readonly signer: 'wallet' }
  | {
      readonly app: string;
      /** `*`: all wallets of the app. */
      readonly wallet: string;
      readonly signer: 'app';
    };

/** @throws ApiProblem `unauthorized`, `forbidden`, `token_delegated` */
export type Authorize = (request: Request, operation: Operation, app: string) => Caller;

/** The token of a request, verified and of now; one request's is verified once. @throws ApiProblem `unauthorized` */
export type Tokens = (request: Request) => VerifiedRequest<'token'>;

const MAX_TOKEN = 16_384;
const HEADER = /^Bearer ([A-Za-z0-9_-]+)$/;

/** Checks `Authorization: Bearer <base64url of the JSON of a signed token>`. Nothing is looked up: the signature says it all. */
export function createTokens(network: string, now: () => number): Tokens {
  const verified = new WeakMap<Request, VerifiedRequest<'token'>>();
  return (request) => {
    const token = verified.get(request) ?? tokenOf(request.headers.authorization, network, now());
    verified.set(request, token);
    return token;
  };
}

/** What the head of a request shows already: that there is a token, where one is needed, and that it is for this. @throws ApiProblem `unauthorized`, `forbidden`, `token_delegated` */
export type Gate = (request: Request, access: Access) => void;

export const createGate =
  (network: string, tokens: Tokens): Gate =>
  (request, access) => {
    if (access.kind === 'public' || access.kind === 'signed') return;
    if (access.kind !== 'token' && request.headers.authorization === undefined) return;
    mustName(tokens(request), network, access.kind === 'write' ? 'batches.write' : access.operation);
  };

/** @throws ApiProblem `forbidden`, `token_delegated` */
function mustName(token: VerifiedRequest<'token'>, network: string, operation: Operation): void {
  const { content, signer } = token;
  if (content.audience !== network) throw new ApiProblem('forbidden', { detail: 'the token is for another audience' });
  // Further keys of an identity are later work: a token is used by whoever signed it.
  if (toHex(content.key) !== (signer === 'app' ? token.app : token.wallet)) throw new ApiProblem('token_delegated');
  if (!content.operations.includes(operation))
    throw new ApiProblem('forbidden', { detail: `the token does not name the operation ${operation}` });
}

/** Whether the token of a request allows an operation. */
export function createAuthorize(network: string, tokens: Tokens): Authorize {
  return (request, operation, app) => {
    const token = tokens(request);
    mustName(token, network, operation);
    const { content, signer } = token;
    if (token.app !== app) throw new ApiProblem('forbidden', { detail: 'the token is for another app' });
    return { app, wallet: content.wallet === '*' ? '*' : token.wallet, signer };
  };
}

function tokenOf(header: string | undefined, network: string, now: number) {
  const [, encoded] = header && header.length <= MAX_TOKEN ? (HEADER.exec(header) ?? []) : [];
  if (encoded === undefined) throw new ApiProblem('unauthorized');
  try {
    const token = verifyRequest(JSON.parse(fromUtf8(fromBase64url(encoded))), { network, kind: 'token' });
    checkRequestTime(token, now);
    return token;
  } catch (error) {
    if (error instanceof ProtocolError) throw new ApiProblem('unauthorized', { detail: error.message });
    if (error instanceof SyntaxError) throw new ApiProblem('unauthorized', { detail: 'the token is no JSON' });
    throw error;
  }
}

/** The wallet itself, by its own token. @throws ApiProblem `forbidden` */
export function mustBeOwner(caller: Caller, wallet: string): void {
  if (caller.signer !== 'wallet' || caller.wallet !== wallet) throw new ApiProblem('forbidden');
}

/** The app, by a token for all of its wallets. @throws ApiProblem `forbidden` */
export function mustBeApp(caller: Caller): void {
  if (caller.signer !== 'app' || caller.wallet !== '*') throw new ApiProblem('forbidden');
}

/** The wallet itself, or its app by a token that covers it. @throws ApiProblem `forbidden` */
export function mustBeOwnerOrApp(caller: Caller, wallet: string): void {
  const covers = caller.wallet === wallet || (caller.signer === 'app' && caller.wallet === '*');
  if (!covers) throw new ApiProblem('forbidden');
}
