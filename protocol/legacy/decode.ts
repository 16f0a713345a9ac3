import { fromUtf8 } from '../bytes.ts';
import { ProtocolError } from '../errors.ts';
import { ciphertextOf, looksEncrypted } from './ciphertext.ts';
import { GENERATIONS, type Generation } from './generation.ts';
import { isFields, jsonOf } from './json.ts';
import { masterForms } from './master.ts';
import type { Merge } from './merge-scopes.ts';
import { openLeaves, openOne } from './open-leaves.ts';
import { isG1Document, openDocument, openScope } from './open-scopes.ts';
import { Attempt, type LegacyPlaintext, type Opened } from './opened.ts';
import { EVERYTHING, ROOT_PATH } from './selector.ts';

/** What is to be decoded, and with what. */
export interface LegacyRequest {
  /** A document (JSON text), one ciphertext in its text form, or the raw bytes of G2. */
  readonly data: string | Uint8Array;
  /** Text is tried as hex, where it is some, and as UTF-8; bytes are taken as they are. */
  readonly master: string | Uint8Array;
  /** Without it every generation whose form fits is tried; the tag decides. */
  readonly generation?: Generation | undefined;
  /** G1: the name of one scope, also as `$.name`. G2–G4: a path or selector, such as `$.k3.k5[0]` or `$.k3..*`. */
  readonly path?: string | undefined;
  /** G1 only: how scopes are merged. */
  readonly merge?: Merge | undefined;
}

type Input =
  | { form: 'document'; value: unknown }
  | { form: 'text'; text: string }
  | { form: 'bytes'; bytes: Uint8Array };

/** Text with a JSON object or list is a document; anything else is one ciphertext, quoted or not. */
function readInput(data: string | Uint8Array): Input {
  let text: string;
  try {
    text = typeof data === 'string' ? data : fromUtf8(data);
  } catch (error) {
    if (!(error instanceof ProtocolError) || typeof data === 'string') throw error;
    return { form: 'bytes', bytes: data };
  }
  const value = jsonOf(text);
  if (typeof value === 'object' && value !== null) return { form: 'document', value };
  return { form: 'text', text: typeof value === 'string' ? value : text.trim() };
}

/** The scope that a path means to G1: its name, also as `$.name`; `$` is the whole document. */
function scopeOf(path: string | undefined): string | undefined {
  if (path === ROOT_PATH || path === EVERYTHING) return undefined;
  return path?.startsWith('$.') ? path.slice(2) : path;
}

/** Generations whose form input and path have: only G1 takes a bare name. */
function candidates(input: Input, path: string | undefined): Generation[] {
  const named: readonly Generation[] = path === undefined || path.startsWith('$') ? GENERATIONS : ['G1'];
  if (input.form === 'bytes') return named.filter((generation) => generation === 'G2');
  if (input.form === 'text') return named.filter((generation) => looksEncrypted(generation, input.text));
  const scope = scopeOf(path);
  const isG1 =
    isG1Document(input.value) && (!path?.startsWith('$') || scope === undefined || Object.hasOwn(input.value, scope));
  return named.filter((generation) => generation !== 'G1' || isG1);
}

function openAs(
  generation: Generation,
  input: Input,
  master: Uint8Array,
  request: LegacyRequest,
  attempt: Attempt,
): Opened {
  const { path, merge } = request;
  if (input.form === 'document') {
    if (generation !== 'G1') return openLeaves(generation, input.value, master, path, attempt);
    if (!isFields(input.value)) throw new ProtocolError('legacy_document', 'G1');
    return openDocument(input.value, master, { scope: scopeOf(path), merge }, attempt);
  }
  if (input.form === 'bytes' && generation !== 'G2') throw new ProtocolError('utf8');
  const bytes = input.form === 'bytes' ? input.bytes : ciphertextOf(generation, input.text, path ?? '$');
  return generation === 'G1'
    ? openScope(bytes, master, scopeOf(path), attempt)
    : openOne(generation, bytes, master, path, attempt);
}

/**
 * Decodes what any of the four published generations encrypted. A ciphertext that was changed is refused, never guessed at.
 * @example decodeLegacy({ data: '{"geo_location":"9a34…"}', master: 'super-secret' }) // { generation: 'G1', plaintext, … }
 * @throws ProtocolError `legacy_generation` when none opens; `tag` when one opens a part of it, or the one that was named does not;
 * `legacy_master`, `legacy_document`, `legacy_path`, `hex`, `length`, `utf8`, `proto`, `depth`
 */
export function decodeLegacy(request: LegacyRequest): LegacyPlaintext {
  const input = readInput(request.data);
  const masters = masterForms(request.master);
  const generations = request.generation === undefined ? candidates(input, request.path) : [request.generation];
  let failure: ProtocolError | undefined;
  let most = 0;
  for (const generation of generations) {
    for (const { form, bytes } of masters) {
      const attempt = new Attempt();
      try {
        return { generation, master: form, ...openAs(generation, input, bytes, request, attempt) };
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        // Of several refusals the one that came furthest says most; the first reading of a named generation otherwise.
        if (failure === undefined || attempt.opened > most) failure = error;
        most = Math.max(most, attempt.opened);
      }
    }
  }
  if (failure === undefined || (request.generation === undefined && most === 0 && isIndecisive(failure)))
    throw new ProtocolError('legacy_generation');
  throw failure;
}

/** Refusals that only say that the guess was wrong, not what is wrong with the input. */
const isIndecisive = ({ code }: ProtocolError): boolean =>
  code === 'tag' || code === 'legacy_document' || code === 'legacy_master' || code === 'hex' || code === 'length';
