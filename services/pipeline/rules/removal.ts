import { createHash } from 'node:crypto';
import { toHex } from '../../../protocol/index.ts';
import type { Owner } from '../ports/vault.ts';

/**
 * What a removal selects, as it is kept: by id, by time (milliseconds, `from` ≤ time < `to`), or by session, of which only the mark is
 * kept: what is in the database and in the log for ever names no session.
 */
export type Selector =
  | { readonly events: readonly string[] }
  | { readonly from: number; readonly to: number }
  | { readonly session: string };

/** A removal of single events, as far as the rule asks. */
export interface Selecting {
  readonly selector: Selector;
  /** Milliseconds since the epoch, of the signed request: it reaches events of batches signed until then. */
  readonly issuedAt: number;
}

/** The session of an event: its name, or what of the name is kept. */
export type SessionOf = string | { readonly mark: string } | null;

/** An event of the removal's owner. */
export interface Selectable {
  /** Event id. */
  readonly id: string;
  /** Milliseconds since the epoch; null where it is not known: no range selects it then. */
  readonly time: number | null;
  readonly session: SessionOf;
  /** Of its batch; 0 where that is not known: every removal reaches it then. */
  readonly issuedAt: number;
}

/** A batch that only its owner can open, by what its summary says. */
export interface SealedSummary {
  readonly issuedAt: number;
  readonly count: number;
  readonly idMin: string;
  readonly timeMin: number;
  readonly timeMax: number;
}

/** What a session is kept as: SHA-256 of `<app>/<wallet>/<session>`, hex (keys in hex). */
export const sessionMark = ({ app, wallet }: Owner, session: string): string =>
  sessionMarkOf({ app: toHex(app), wallet: toHex(wallet) }, session);

/** The same of an owner in hex. */
export const sessionMarkOf = (
  { app, wallet }: { readonly app: string; readonly wallet: string },
  session: string,
): string => createHash('sha256').update(`${app}/${wallet}/${session}`).digest('hex');

/** What a session is compared by; null where there is none. */
export function markOf(owner: Owner, session: SessionOf): string | null {
  return typeof session === 'string' ? sessionMark(owner, session) : (session?.mark ?? null);
}

/** What the body of a signed request selects. */
export function selectorOf(
  owner: Owner,
  body: {
    readonly events?: readonly string[];
    readonly from?: number;
    readonly to?: number;
    readonly session?: string;
  },
): Selector {
  if (body.events) return { events: body.events };
  if (body.session !== undefined) return { session: sessionMark(owner, body.session) };
  return { from: body.from ?? 0, to: body.to ?? 0 };
}

/** Whether a removal takes this event of its owner away. */
export function selects(owner: Owner, { selector, issuedAt }: Selecting, event: Selectable): boolean {
  if (event.issuedAt > issuedAt) return false;
  if ('events' in selector) return selector.events.includes(event.id);
  if ('from' in selector) return event.time !== null && selector.from <= event.time && event.time < selector.to;
  return selector.session === markOf(owner, event.session);
}

/** Whether a removal takes all of a batch away that nobody but its owner can open: of a part of it, only the owner can tell which. */
export function selectsWhole({ selector, issuedAt }: Selecting, batch: SealedSummary): boolean {
  if (batch.issuedAt > issuedAt) return false;
  if ('events' in selector) return batch.count === 1 && selector.events.includes(batch.idMin);
  return 'from' in selector && selector.from <= batch.timeMin && batch.timeMax < selector.to;
}
