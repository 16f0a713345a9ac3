import { fromUtf8, utf8 } from '../bytes.ts';
import { ProtocolError } from '../errors.ts';
import { ciphertextOf, looksEncrypted, openAt, openWith } from './ciphertext.ts';
import { type Generation, RULES } from './generation.ts';
import { jsonOf, mapLeaves, roundedNumbers } from './json.ts';
import type { Attempt, Opened } from './opened.ts';
import { EVERYTHING, ROOT_PATH, selectorOf } from './selector.ts';
import { type LegacyWarning, warning } from './warnings.ts';

export type LeafGeneration = Exclude<Generation, 'G1'>;

const nonceWarning = (generation: Generation): LegacyWarning[] =>
  RULES[generation].fixedNonce ? [warning('fixed_nonce')] : [];

/** Text that a number, a boolean or null may have left behind, as well as a string. */
function isTypeLost(text: string): boolean {
  const value = jsonOf(text);
  return value === null || typeof value === 'number' || typeof value === 'boolean';
}

/**
 * Opens the encrypted leaves of a document of G2, G3 or G4. Without a path, leaves that do not have the form of a ciphertext are left as they
 * are; with one, every string that it selects must be a ciphertext.
 * @throws ProtocolError `legacy_document` (nothing encrypted), `legacy_path`, `hex`, `length`, `tag`, `utf8`, `proto`, `depth`
 */
export function openLeaves(
  generation: LeafGeneration,
  document: unknown,
  master: Uint8Array,
  path: string | undefined,
  attempt: Attempt,
): Opened {
  const selects = selectorOf(path ?? EVERYTHING);
  const untyped: string[] = [];
  const kept: string[] = [];
  const opened = mapLeaves(document, (value, at) => {
    if (!selects(at)) return value;
    if (typeof value !== 'string' || (path === undefined && !looksEncrypted(generation, value))) {
      kept.push(at);
      return value;
    }
    const ciphertext = ciphertextOf(generation, value, at);
    const text = fromUtf8(attempt.count(() => openAt(generation, ciphertext, master, at)));
    if (isTypeLost(text)) untyped.push(at);
    return text;
  });
  if (attempt.opened === 0) {
    throw path === undefined
      ? new ProtocolError('legacy_document', `nothing encrypted as ${generation}`)
      : new ProtocolError('legacy_path', 'it selects no ciphertext');
  }
  const warnings = nonceWarning(generation);
  if (untyped.length > 0) warnings.push(warning('types_lost', untyped));
  if (kept.length > 0) warnings.push(warning('left_as_is', kept));
  const rounded = roundedNumbers(document);
  if (rounded.length > 0) warnings.push(warning('numbers_rounded', rounded));
  return { form: 'document', plaintext: utf8(JSON.stringify(opened)), warnings };
}

/**
 * Opens one ciphertext: a leaf where a path is given, else data that was no JSON, for which G2 used the master itself as the key.
 * @throws ProtocolError `tag`, `length`, `legacy_master`, `legacy_path`
 */
export function openOne(
  generation: LeafGeneration,
  ciphertext: Uint8Array,
  master: Uint8Array,
  path: string | undefined,
  attempt: Attempt,
): Opened {
  const warnings = nonceWarning(generation);
  if (path !== undefined) selectorOf(path);
  const at = path ?? ROOT_PATH;
  if (generation === 'G2' && at === ROOT_PATH) {
    if (master.length !== 32) throw new ProtocolError('legacy_master', 'raw data of G2');
    const plaintext = attempt.count(() => openWith('G2', ciphertext, master, at));
    return { form: 'raw', plaintext, warnings };
  }
  const plaintext = attempt.count(() => openAt(generation, ciphertext, master, at));
  if (at !== ROOT_PATH && isTypeLost(fromUtf8(plaintext))) warnings.push(warning('types_lost', [at]));
  return { form: 'raw', plaintext, warnings };
}
