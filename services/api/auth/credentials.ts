import { type Credential, ProtocolError, verifyBearer } from '../../../protocol/index.ts';
import { ApiProblem } from '../problems.ts';
import type { RevokedTokens } from './revoked-tokens.ts';

const MAX_TOKEN = 16_384;
/** Tokens whose signatures are not checked again while they are used: an app's one token comes with every batch. */
const MOST_KEPT = 1_000;
const TOKEN = /^[A-Za-z0-9_-]+$/;

/** The token behind `Authorization: Bearer`, or null. */
export const bearerText = (header: string | undefined): string | null =>
  /^Bearer (.+)$/.exec(header ?? '')?.[1] ?? null;

/** What a token as it was sent allows now. @throws ApiProblem `unauthorized`, `token_revoked`, `token_delegated`, `unavailable` */
export type VerifyToken = (text: string) => Credential;

/** Checks tokens by what they say of themselves; nothing is looked up but the list of revoked ones, which is in memory. */
export function createVerifyToken(network: string, now: () => number, revoked: RevokedTokens): VerifyToken {
  const kept = new Map<string, Credential>();
  return (text) => {
    const known = kept.get(text);
    const credential = known && now() < known.expiresAt ? known : verified(text, network, now());
    revoked.check(credential);
    if (credential !== known) {
      for (const oldest of kept.size < MOST_KEPT ? [] : kept.keys()) {
        kept.delete(oldest);
        break;
      }
      kept.set(text, credential);
    }
    return credential;
  };
}

function verified(text: string, network: string, now: number): Credential {
  if (text.length > MAX_TOKEN || !TOKEN.test(text)) throw new ApiProblem('unauthorized');
  try {
    return verifyBearer(text, { network }, now);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    const code = error.code === 'token_chain' ? 'token_delegated' : 'unauthorized';
    throw new ApiProblem(code, { detail: error.message });
  }
}
