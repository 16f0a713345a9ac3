import type { RouteConfig } from '@asteasolutions/zod-to-openapi';
import type { Operation } from './auth/operations.ts';

/** Whose token: the wallet's own, its app's (for this wallet or for all), or one of another wallet to which something was granted. */
export type Bearer = 'owner' | 'app' | 'reader';

/** Who may call a route. What the document says of it, and what is checked before a byte of the body is read, follow from this. */
export type Access =
  /** Anyone: what everybody may know. */
  | { readonly kind: 'public' }
  /** The body is a signed request: who signed it decides. */
  | { readonly kind: 'signed' }
  /** The body is signed batches: an app that is not open adds its token, operation `batches.write`. */
  | { readonly kind: 'write' }
  /** Whoever has a token for this operation. */
  | { readonly kind: 'token'; readonly operation: Operation; readonly by: readonly Bearer[] }
  /** Anyone; a token for this operation shows more. One that is sent must be good. */
  | { readonly kind: 'optional'; readonly operation: Operation; readonly by: readonly Bearer[] };

const BEARERS: Readonly<Record<Bearer, string>> = {
  owner: 'the wallet',
  app: 'the app',
  reader: 'another wallet to which something was granted',
};
const anyOf = new Intl.ListFormat('en-GB', { type: 'disjunction' });

function sentence(access: Access): string | null {
  switch (access.kind) {
    case 'token':
      return `Operation \`${access.operation}\`, by ${anyOf.format(access.by.map((one) => BEARERS[one]))}.`;
    case 'optional':
      return `Needs no token; one with operation \`${access.operation}\`, by ${anyOf.format(access.by.map((one) => BEARERS[one]))}, shows more.`;
    case 'write':
      return "Unless the app is open, with a token of the app's key, operation `batches.write`.";
    default:
      return null;
  }
}

const UNAUTHORIZED = '`unauthorized`, `token_revoked`';
const FORBIDDEN = '`forbidden`, `token_delegated`';

/** What a route that takes a token may answer because of it, by status. */
export function accessRefusals({ kind }: Access): Readonly<Record<number, string>> {
  return kind === 'public' || kind === 'signed' ? {} : { 401: UNAUTHORIZED, 403: FORBIDDEN };
}

/** Security as OpenAPI says it: an empty requirement beside it means that one may do without. */
export function securityOf({ kind }: Access): Pick<RouteConfig, 'security'> {
  if (kind === 'token') return { security: [{ token: [] }] };
  return kind === 'write' || kind === 'optional' ? { security: [{}, { token: [] }] } : {};
}

/** What the description begins with. */
export const describedAccess = (access: Access, description: string | undefined): string | undefined =>
  [sentence(access), description].filter(Boolean).join(' ') || undefined;
