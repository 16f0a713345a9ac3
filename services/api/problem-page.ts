import { PROTOCOL_ERRORS } from '../../protocol/index.ts';
import { exampleOf, problemNamed } from './openapi-parts.ts';
import { API_PROBLEMS } from './problems.ts';

/** What to do about any refusal of the protocol, whose own text says what was wrong. */
const PROTOCOL_ADVICE: Readonly<Record<number, string>> = {
  400: 'Nothing was stored. Mend the bytes: `detail` says what is wrong, and `line` names the line of a batch. The same bytes are refused again.',
  413: 'Nothing was stored. Send less at once.',
  422: 'Nothing was stored. The bytes could be read, but are not valid: `detail` says what is wrong, and `line` names the line of a batch. Mend it and sign anew.',
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
  return { ...example, advice: known.advice ?? PROTOCOL_ADVICE[known.status] ?? '', example };
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
