import { ProtocolError } from '../errors.ts';
import { counter } from './fields.ts';

/** Milliseconds since the epoch; the first moment at which it is over. */
export const expiresAt = counter('expires');

/** @param most milliseconds from `issuedAt`, if there is a limit. @throws ProtocolError `expires`. */
export function checkExpiry(content: { expiresAt: number }, frame: { issuedAt: number }, most?: number): void {
  const length = content.expiresAt - frame.issuedAt;
  if (length <= 0 || (most !== undefined && length > most)) throw new ProtocolError('expires');
}
