import { ProtocolError } from '../errors.ts';

/** `$`, then `.name`, `[3]`, and the wildcards `.*`, `[*]` and `..*`. */
const SELECTOR = /^\$(?:\.\.\*|\.\*|\[\*\]|\.[^.[\]*]+|\[\d+\])*$/;
const STEP = /\.\.\*|\.\*|\[\*\]|\.[^.[\]*]+|\[\d+\]/g;

const PATTERNS: Readonly<Record<string, string>> = {
  '..*': '[.[].*',
  '.*': '\\.[^.[\\]]+',
  '[*]': '\\[\\d+\\]',
};

/** The whole of a document: the selector that the libraries took when none was given. */
export const EVERYTHING = '$..*';
/** The path of what is no JSON. */
export const ROOT_PATH = '$';

/**
 * A test for paths such as `$.k3.k5[0]`.
 * @example selectorOf('$.k3..*')('$.k3.k5[0]') // true
 * @throws ProtocolError `legacy_path`
 */
export function selectorOf(selector: string): (path: string) => boolean {
  if (!SELECTOR.test(selector)) throw new ProtocolError('legacy_path');
  const steps = selector.match(STEP) ?? [];
  const source = steps.map((step) => PATTERNS[step] ?? step.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('');
  const pattern = new RegExp(`^\\$${source}$`, 's');
  return (path) => pattern.test(path);
}
