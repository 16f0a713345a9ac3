import type { IncomingMessage } from 'node:http';
import type { Credential } from '../../../protocol/index.ts';
import type { Access } from '../access.ts';
import { ApiProblem } from '../problems.ts';
import { bearerText, type VerifyToken } from './credentials.ts';
import type { Operation } from './operations.ts';

/** Who calls: the holder of a wallet's or an app's key, or of one that was delegated to. Keys in hex. */
export type Caller =
  | { readonly app: string; readonly wallet: string; readonly signer: 'wallet' }
  | {
      readonly app: string;
      /** `*`: all wallets of the app. */
      readonly wallet: string;
      readonly signer: 'app';
    };

/** Whose word a token is, delegated or not: a key in hex. */
export const identityOf = ({ signer, app, wallet }: Pick<Credential, 'signer' | 'app' | 'wallet'>): string =>
  signer === 'app' ? app : wallet;

type Headed = Pick<IncomingMessage, 'headers'>;

/** The app's own token, where `Authorization` is a wallet's: what makes a root in a closed app needs both. */
export const APP_TOKEN_HEADER = 'ddc-app-token';

/** What tokens allow. All throw ApiProblem `unauthorized`, `token_revoked`, `token_delegated`, `forbidden` or `unavailable`. */
export interface Auth {
  /** What the head of a request shows already: that there is a token, where one is needed, and that it is for this. */
  gate(request: Headed, access: Access): void;
  /** As whom the token of a request lets it act in an app. @param app absent: the one that the token names */
  authorize(request: Headed, operation: Operation, app?: string): Caller & { readonly tokenId: string };
  /** The token that came with a request to a route with `access` of kind `optional`, or null. */
  optional(request: Headed, operation: Operation): Credential | null;
  /** The app's token for writes: of a write or a signed request behind `Authorization`, else in a header of its own. null: none was sent. */
  appToken(request: Headed, header?: 'authorization' | typeof APP_TOKEN_HEADER): Credential | null;
}

export type Authorize = Auth['authorize'];

export function createAuth(network: string, verify: VerifyToken): Auth {
  const named = (credential: Credential, operation: Operation): Credential => {
    if (credential.audience !== network)
      throw new ApiProblem('forbidden', { detail: 'the token is for another audience' });
    if (!credential.operations.includes(operation))
      throw new ApiProblem('forbidden', { detail: `the token does not name the operation ${operation}` });
    return credential;
  };
  const bearer = ({ headers }: Headed, operation: Operation): Credential => {
    const text = bearerText(headers.authorization);
    if (text === null) throw new ApiProblem('unauthorized');
    return named(verify(text), operation);
  };
  const optional: Auth['optional'] = (request, operation) =>
    request.headers.authorization === undefined ? null : bearer(request, operation);

  return {
    optional,

    gate(request, access) {
      if (access.kind === 'token') bearer(request, access.operation);
      else if (access.kind === 'optional') optional(request, access.operation);
      else if (access.kind === 'write') optional(request, 'batches.write');
    },

    authorize(request, operation, app) {
      const { id, wallet, signer, app: own } = bearer(request, operation);
      if (app !== undefined && own !== app)
        throw new ApiProblem('forbidden', { detail: 'the token is for another app' });
      return { app: own, wallet, signer, tokenId: id };
    },

    appToken(request, header = APP_TOKEN_HEADER) {
      if (header === 'authorization') return optional(request, 'batches.write');
      const text = request.headers[header];
      return typeof text === 'string' ? named(verify(text), 'batches.write') : null;
    },
  };
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
export function mustBeOwnerOrApp(caller: Pick<Caller, 'wallet' | 'signer'>, wallet: string): void {
  if (!covers(caller, wallet)) throw new ApiProblem('forbidden');
}

/** Whether a token is for this wallet of its app. */
export const covers = ({ signer, wallet: one }: Pick<Caller, 'wallet' | 'signer'>, wallet: string): boolean =>
  one === wallet || (signer === 'app' && one === '*');
