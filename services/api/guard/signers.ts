import type { IncomingMessage } from 'node:http';
import type { VerifiedRequest } from '../../../protocol/index.ts';
import type { AuditedCaller } from '../audit.ts';

const signers = new WeakMap<IncomingMessage, AuditedCaller>();

/** Remembers whose signature on the body of a request was verified: what the body says of itself anybody could have written. */
export function rememberSigner(request: IncomingMessage, { signer, app, wallet, id }: VerifiedRequest): void {
  signers.set(request, { signer, key: signer === 'app' ? app : wallet, id });
}

/** Who signed the body; null: nobody, or it is not verified. */
export const signerOf = (request: IncomingMessage): AuditedCaller | null => signers.get(request) ?? null;
