import { type Batch, openTransit, ProtocolError, parseBatch } from '../../protocol/index.ts';
import type { Received } from '../../schemas/index.ts';
import type { OpenRoot } from '../pipeline/ports/vault.ts';
import type { FlushKeys } from './flush-keys.ts';

/** Why a record has no content: `code` is stable, `cause` never holds content. */
export interface Unreadable {
  readonly code: string;
  readonly cause: unknown;
}

/** How bodies rest in `received`. `plain` exists only so that a test can show what sealing is good for. */
export type Transit = 'sealed' | 'plain';

/**
 * Opens the transit seal and parses the body.
 * @returns why not: `unopenable`, or the code of the protocol's refusal.
 */
export function openReceived(
  received: Received,
  root: OpenRoot,
  keys: FlushKeys,
  transit: Transit,
): Batch | Unreadable {
  let body: Uint8Array;
  try {
    body = transit === 'plain' ? received.sealed : openTransit(keys.transit(root), received.sealed);
  } catch (cause) {
    if (cause instanceof ProtocolError) return { code: 'unopenable', cause };
    throw cause;
  }
  try {
    return parseBatch(body, received.format);
  } catch (cause) {
    if (cause instanceof ProtocolError) return { code: cause.code, cause };
    throw cause;
  }
}
