import { ProtocolError } from '../errors.ts';
import { DEFAULT_SCOPE } from '../scope-name.ts';
import { ciphertextOf, looksEncrypted, openAt, shownPlace } from './ciphertext.ts';
import { type Fields, isFields } from './json.ts';
import { type Merge, mergeG1, UNCATEGORIZED } from './merge-scopes.ts';
import type { Attempt, Opened } from './opened.ts';

/** Whether a JSON value has the form of a G1 document: scopes with hex, nothing else. */
export function isG1Document(value: unknown): value is Record<string, string> {
  if (!isFields(value)) return false;
  const members = Object.values(value);
  return members.length > 0 && members.every((member) => looksEncrypted('G1', member));
}

/**
 * Opens a G1 document, or one of its scopes.
 * @throws ProtocolError `legacy_document`, `legacy_path` (no such scope), `hex`, `length`, `tag`, `proto`
 */
export function openDocument(
  document: Fields,
  master: Uint8Array,
  options: { scope?: string | undefined; merge?: Merge | undefined },
  attempt: Attempt,
): Opened {
  if (Object.hasOwn(document, '__proto__')) throw new ProtocolError('proto');
  const { scope } = options;
  if (scope !== undefined && !Object.hasOwn(document, scope))
    throw new ProtocolError('legacy_path', `no scope ${shownPlace(scope)}`);
  const names = scope === undefined ? Object.keys(document) : [scope];
  if (names.length === 0) throw new ProtocolError('legacy_document', 'no scope');
  const scopes = new Map<string, Uint8Array>();
  for (const name of names) {
    const text = document[name];
    if (typeof text !== 'string') throw new ProtocolError('legacy_document', `scope ${shownPlace(name)}`);
    const ciphertext = ciphertextOf('G1', text, name);
    scopes.set(
      name,
      attempt.count(() => openAt('G1', ciphertext, master, name)),
    );
  }
  return mergeG1(scopes, options.merge);
}

/** Opens the ciphertext of one scope; without a name, of the scope where fields of no scope go. @throws ProtocolError `tag`, `length` */
export function openScope(
  ciphertext: Uint8Array,
  master: Uint8Array,
  scope: string | undefined,
  attempt: Attempt,
): Opened {
  const names = scope === undefined ? [DEFAULT_SCOPE, UNCATEGORIZED] : [scope];
  for (const name of names.slice(0, -1)) {
    try {
      return mergeG1(new Map([[name, attempt.count(() => openAt('G1', ciphertext, master, name))]]));
    } catch (error) {
      if (!(error instanceof ProtocolError && error.code === 'tag')) throw error;
    }
  }
  const last = names.at(-1) as string;
  return mergeG1(new Map([[last, attempt.count(() => openAt('G1', ciphertext, master, last))]]));
}
