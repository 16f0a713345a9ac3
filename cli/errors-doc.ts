import { PROTOCOL_ERRORS, type ProtocolErrorCode } from '../protocol/index.ts';
import { API_PROBLEMS, protocolStatus } from '../services/api/problems.ts';

/** docs/errors.md, from the lists of codes. */
export function errorsDocument(): string {
  const api = Object.entries(API_PROBLEMS).map(([code, { status, title }]) => `| \`${code}\` | ${status} | ${title} |`);
  const protocol = Object.entries(PROTOCOL_ERRORS).map(
    ([code, title]) => `| \`${code}\` | ${protocolStatus(code as ProtocolErrorCode)} | ${title} |`,
  );
  const head = ['| code | HTTP | what was wrong, what to do |', '|---|---|---|'];
  return [
    '# Error codes',
    '',
    'Made from `services/api/problems.ts` and `protocol/errors.ts` by `ddc docs errors`. Codes are stable; texts may change.',
    'Refusals are `application/problem+json` (RFC 9457): `{type, title, status, code, detail?, line?}`, `line` counted from 1, the header.',
    '429 and 503 carry `Retry-After`: send the same bytes again.',
    '',
    '## Of the API',
    '',
    ...head,
    ...api,
    '',
    '## Of the protocol',
    '',
    'Refusals of a batch by the API, and of any other bytes by the SDK and `ddc crypto verify`.',
    '',
    ...head,
    ...protocol,
    '',
  ].join('\n');
}
