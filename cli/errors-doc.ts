import { PROTOCOL_ERRORS } from '../protocol/index.ts';
import { problemPage } from '../services/api/problem-page.ts';
import { API_PROBLEMS } from '../services/api/problems.ts';

/** docs/errors.md, from the lists of codes. */
export function errorsDocument(): string {
  const api = Object.keys(API_PROBLEMS);
  const protocol = Object.keys(PROTOCOL_ERRORS).filter((code) => !Object.hasOwn(API_PROBLEMS, code));
  return [
    '# Error codes',
    '',
    'Made from `services/api/problems.ts`, `problem-page.ts` and `protocol/errors.ts` by `ddc docs errors`. Codes are stable; texts may change.',
    'Refusals are `application/problem+json` (RFC 9457): `{type, title, status, code, advice?, detail?, line?}`, `line` counted from 1, the header: `title` says what was wrong, `advice` what to do, `detail` what was wrong with this one.',
    '`type` is `/problems/<code>`, where the API answers what stands here. 429 and 503 carry `Retry-After`: send the same bytes again.',
    '',
    '## Of the API',
    '',
    ...api.flatMap(section),
    '## Of the protocol',
    '',
    'Refusals of a batch by the API, and of any other bytes by the SDK and `ddc crypto verify`.',
    '',
    ...protocol.flatMap(section),
  ].join('\n');
}

function section(code: string): string[] {
  const page = problemPage(code);
  if (!page) throw new Error(`${code} is no code`);
  return [`### ${code}`, '', `HTTP ${page.status}. ${page.title}`, '', `What to do: ${page.advice}`, ''];
}
