import { fromUtf8, toHex } from '../bytes.ts';
import { ProtocolError } from '../errors.ts';
import { type Event, type OpenScope, parseEvent } from '../event.ts';
import { DEFAULT_SCOPE } from '../scope-name.ts';
import { shownPlace } from './ciphertext.ts';
import { decodeLegacy } from './decode.ts';
import { UNCATEGORIZED } from './merge-scopes.ts';

/** What a G1 document does not say of its event. */
export interface EventFields extends Omit<Event, 'scopes'> {
  /** 16 random bytes, asked for once per scope. */
  readonly salt: () => Uint8Array;
  /** New names for scopes whose names v1 does not allow. */
  readonly rename?: Readonly<Record<string, string>>;
}

/**
 * A v1 event out of a G1 document. It keeps its scopes, and each scope its exact text; the viewer's `__uncategorized` becomes
 * `__default_scope`. The event is not signed yet: `signBatch` does that.
 * @example eventFromG1(document, 'super-secret', { id, type: 'VISIT', time, salt: () => crypto.getRandomValues(new Uint8Array(16)) })
 * @throws ProtocolError as `decodeLegacy`; `scope` when a name is not allowed or two scopes get the same; `utf8` when a scope holds no text
 */
export function eventFromG1(document: string, master: string | Uint8Array, fields: EventFields): Event {
  const { salt, rename = {}, ...rest } = fields;
  const { scopes } = decodeLegacy({ data: document, master, generation: 'G1' });
  const entries: [string, OpenScope][] = [];
  const names = new Set<string>();
  for (const [old, plaintext] of scopes ?? []) {
    const name = Object.hasOwn(rename, old) ? (rename[old] as string) : old === UNCATEGORIZED ? DEFAULT_SCOPE : old;
    if (names.has(name)) throw new ProtocolError('scope', `${shownPlace(name)} twice`);
    names.add(name);
    entries.push([name, { salt: toHex(salt()), data: fromUtf8(plaintext) }]);
  }
  return parseEvent({ ...rest, scopes: Object.fromEntries(entries) });
}
