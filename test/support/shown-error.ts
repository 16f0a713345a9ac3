import { inspect } from 'node:util';

/** Everything that a log, a console or an answer could show of an error: message, stack, causes, hidden fields. */
export function shownError(error: unknown): string {
  const seen: string[] = [];
  const known = new Set<unknown>();
  for (let one: unknown = error; one !== undefined && one !== null && !known.has(one); ) {
    known.add(one);
    seen.push(String(one), inspect(one, { depth: 12, showHidden: true, maxArrayLength: null, maxStringLength: null }));
    const { message, stack, cause, ...own } = one as Error & { cause?: unknown };
    seen.push(String(message), String(stack), jsonOf(one), jsonOf(own));
    one = cause;
  }
  const text = seen.join('\n');
  // `inspect` sets lists in columns: the same on one line, with one blank between.
  return `${text}\n${text.replace(/\s+/g, ' ')}`;
}

function jsonOf(value: unknown): string {
  return JSON.stringify(value, (_name, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner)) ?? '';
}

/** Parts of a secret, long enough not to stand there by chance: as hex, base64, numbers in a row (of a list or of `inspect`), and characters. */
export function tracesOf(secret: Uint8Array): string[] {
  const eight = secret.subarray(0, 8);
  const bytes = Buffer.from(eight);
  return [
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    bytes.toString('hex').replace(/..(?=.)/g, '$& '),
    bytes.toString('base64').slice(0, 10),
    bytes.toString('base64url').slice(0, 10),
    [...eight].join(','),
    [...eight].join(', '),
    [...eight].map((byte, i) => `"${i}":${byte}`).join(','),
    bytes.toString('latin1'),
  ];
}
