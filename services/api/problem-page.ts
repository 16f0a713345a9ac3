import { PROTOCOL_ERRORS } from '../../protocol/index.ts';
import { exampleOf, problemNamed } from './openapi-parts.ts';
import { API_PROBLEMS } from './problems.ts';

/** What to do about any refusal of a status, beside what its own text says. */
const ADVICE: Readonly<Record<number, string>> = {
  400: 'Nothing was stored. Mend the request: `detail` says what is wrong, and `line` names the line of a batch. The same bytes are refused again.',
  401: 'Nothing was read or stored. Sign a token (kind `token`) with the key of the wallet or the app, and send it in the header Authorization.',
  402: 'Nothing was stored. Keep what was refused and send it again once the operator says that the app is paid for.',
  403: 'Nothing was read or stored. The same request is refused again until whoever owns the data or the app allows it.',
  404: 'Compare the address, and the ids in it. What was sent a moment ago may not be there yet.',
  405: 'Use a method that the header Allow names.',
  408: 'Nothing was stored. Send the same bytes again, on a better connection or in smaller parts.',
  409: 'Nothing was changed: the state of the wallet is another than the request takes for granted. Read the state, decide, and sign anew.',
  410: 'Nothing was stored, and what was is unreadable for ever. Do not send it again.',
  413: 'Nothing was stored. Send less at once.',
  414: 'Shorten the address, or use the form of the request that has a body.',
  415: 'Nothing was stored. Send the body as the document describes it.',
  416: 'Ask for the size with HEAD, and for a range that lies within it.',
  422: 'Nothing was stored. The bytes could be read, but are not valid: `detail` says what is wrong, and `line` names the line of a batch. Mend it and sign anew.',
  429: 'Nothing is lost: wait as Retry-After says and send the same bytes again.',
  431: 'Send fewer or shorter headers.',
  500: 'What became of the request is not known. Requests are idempotent: send the same bytes again, and tell the operator if it stays so.',
  502: 'Asking again does not help by itself: tell the operator, who finds it in the log.',
  503: 'Nothing is lost: wait as Retry-After says and send the same bytes again.',
};

export interface ProblemPage {
  readonly type: string;
  readonly code: string;
  readonly status: number;
  /** What was wrong. */
  readonly title: string;
  /** What to do. */
  readonly advice: string;
  readonly example: ReturnType<typeof exampleOf>;
}

/** Everything that is known of a code; null for what is none. */
export function problemPage(code: string): ProblemPage | null {
  const known = problemNamed(code);
  if (!known) return null;
  const example = exampleOf(code, known);
  return { ...example, advice: ADVICE[known.status] ?? '', example };
}

/** All codes: those of the API, then those of the protocol. */
export const PROBLEM_CODES: readonly string[] = [
  ...new Set([...Object.keys(API_PROBLEMS), ...Object.keys(PROTOCOL_ERRORS)]),
];

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escaped = (text: string): string => text.replaceAll(/[&<>"]/g, (one) => ENTITIES[one] ?? one);
const prose = (text: string): string => escaped(text).replaceAll(/`([^`]+)`/g, '<code>$1</code>');
const page = (title: string, body: string): string =>
  `<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><title>${escaped(title)}</title></head>\n<body>\n${body}\n</body>\n</html>\n`;

export const problemHtml = ({ code, status, title, advice, example }: ProblemPage): string =>
  page(
    `${code} (${status})`,
    `<h1><code>${escaped(code)}</code></h1>
<p>HTTP ${status}</p>
<h2>What it means</h2>
<p>${prose(title)}</p>
<h2>What to do</h2>
<p>${prose(advice)}</p>
<h2>How it looks</h2>
<pre>${escaped(JSON.stringify(example, null, 2))}</pre>
<p><a href="/problems">All codes</a></p>`,
  );

export const problemsHtml = (): string =>
  page(
    'Codes of refusals',
    `<h1>Codes of refusals</h1>\n<ul>\n${PROBLEM_CODES.map((code) => `<li><a href="/problems/${code}"><code>${code}</code></a> ${prose(problemPage(code)?.title ?? '')}</li>`).join('\n')}\n</ul>`,
  );
