import { associate } from './associate.ts';
import { disown } from './disown.ts';
import { erase } from './erase.ts';
import { grant } from './grant.ts';
import { keys } from './keys.ts';
import type { ContentOf, Kind } from './kind.ts';
import { move } from './move.ts';
import { policy } from './policy.ts';
import { recipient } from './recipient.ts';
import { remove } from './remove.ts';
import { reopen } from './reopen.ts';
import { revoke } from './revoke.ts';
import { token } from './token.ts';

/** Every kind of signed request, by the name that is signed. A new one is a file and a word here. `batch`, which headers sign, is taken. */
export const KINDS = {
  recipient,
  policy,
  grant,
  revoke,
  keys,
  erase,
  reopen,
  move,
  token,
  disown,
  remove,
  associate,
} as const;

/** The name of a kind, as it is signed. */
export type KindName = keyof typeof KINDS;
/** The body of a kind, decoded: keys and ids as bytes, times in milliseconds; docs/formats.md lists the members of each kind. */
export type Content<K extends KindName> = (typeof KINDS)[K] extends Kind<infer F> ? ContentOf<F> : never;

/** Whether a JSON value is the name of a kind. */
export const isKindName = (value: unknown): value is KindName =>
  typeof value === 'string' && Object.hasOwn(KINDS, value);
