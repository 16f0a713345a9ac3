import { ApiProblem } from './problems.ts';

export type Encoding = 'identity' | 'gzip' | 'deflate' | 'br';

const FORMATS: Readonly<Record<string, 'ndjson' | 'json'>> = {
  'application/x-ndjson': 'ndjson',
  'application/json': 'json',
};
const ENCODINGS: Readonly<Record<string, Encoding>> = {
  identity: 'identity',
  gzip: 'gzip',
  'x-gzip': 'gzip',
  deflate: 'deflate',
  br: 'br',
};

/** @throws ApiProblem `content_type`: anything but the two formats, or a charset other than UTF-8. */
export function formatOf(contentType: string | undefined): 'ndjson' | 'json' {
  // The usual values, without any splitting.
  if (contentType === 'application/x-ndjson') return 'ndjson';
  const [type = '', ...parameters] = (contentType ?? '').toLowerCase().split(';');
  const format = Object.hasOwn(FORMATS, type.trim()) ? FORMATS[type.trim()] : undefined;
  const utf8 = parameters.every((parameter) => /^\s*charset\s*=\s*"?utf-?8"?\s*$/.test(parameter));
  if (!format || !utf8) throw new ApiProblem('content_type');
  return format;
}

/** @throws ApiProblem `encoding_unsupported`, also for several encodings at once. */
export function encodingOf(contentEncoding: string | undefined): Encoding {
  if (contentEncoding === undefined) return 'identity';
  const name = contentEncoding.trim().toLowerCase();
  const encoding = Object.hasOwn(ENCODINGS, name) ? ENCODINGS[name] : undefined;
  if (!encoding) throw new ApiProblem('encoding_unsupported');
  return encoding;
}
