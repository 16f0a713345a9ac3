import { types } from 'node:util';
import { PROTOCOL_ERRORS, ProtocolError, type ProtocolErrorCode } from '../../protocol/index.ts';
import { RetriableError } from '../pipeline/errors.ts';
import { API_PROBLEMS, ApiProblem, type ApiProblemCode, type ProblemDetails } from './problems.ts';

/** Refusals of the protocol that are not 422 (understood, but not valid). */
const PROTOCOL_STATUS: Partial<Record<ProtocolErrorCode, number>> = {
  body_too_large: 413,
  batch_too_large: 413,
  utf8: 400,
  line_end: 400,
  blank_line: 400,
  json: 400,
  depth: 400,
  proto: 400,
  body: 400,
};

/** HTTP status of a refusal of the protocol. */
export const protocolStatus = (code: ProtocolErrorCode): number => PROTOCOL_STATUS[code] ?? 422;

/** A refusal as it is sent: RFC 9457. */
export interface Problem {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: {
    readonly type: string;
    readonly title: string;
    readonly status: number;
    readonly code: string;
    /** What to do; of refusals of the protocol `detail` and the page of the code say it. */
    readonly advice?: string;
    /** What was wrong with this one. */
    readonly detail?: string;
    /** Line of the batch, from 1 (the header). */
    readonly line?: number;
    /** Everything that is wrong with this one. */
    readonly problems?: ProblemDetails['problems'];
  };
}

/** The address of a refusal's page, relative to this service (RFC 9457, section 3.1.1). */
export const typeOf = (code: string): string => `/problems/${code}`;

const RETRY_AFTER_SECONDS = 1;

/** What to answer for anything thrown. Unknown errors become `bug` and say nothing of themselves. */
export function problemOf(error: unknown): Problem {
  if (error instanceof ApiProblem) return apiProblem(error);
  if (error instanceof ProtocolError) {
    const status = protocolStatus(error.code);
    const line = error.line === undefined ? {} : { line: error.line };
    return shape(status, error.code, PROTOCOL_ERRORS[error.code], { detail: error.message, ...line }, {});
  }
  if (error instanceof RetriableError)
    return apiProblem(new ApiProblem('unavailable', { retryAfter: RETRY_AFTER_SECONDS }));
  return apiProblem(new ApiProblem(foreignCode(error) ?? 'bug'));
}

/** Whether the service itself is at fault, so that the error belongs into the log. */
export const isBug = (problem: Problem): boolean => problem.body.code === 'bug';

function apiProblem({ code, details }: ApiProblem): Problem {
  const kind = API_PROBLEMS[code];
  const retryAfter =
    details.retryAfter ?? (kind.status === 503 || kind.status === 429 ? RETRY_AFTER_SECONDS : undefined);
  const headers = {
    ...(retryAfter === undefined ? {} : { 'retry-after': String(Math.ceil(retryAfter)) }),
    ...(details.allow === undefined ? {} : { allow: details.allow }),
    ...(details.size === undefined ? {} : { 'content-range': `bytes */${details.size}` }),
    ...(kind.status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
    ...details.headers,
  };
  const { status, title, advice } = kind;
  const detail = details.detail === undefined ? {} : { detail: details.detail };
  const problems = details.problems === undefined ? {} : { problems: details.problems };
  return shape(status, code, title, { advice, ...detail, ...problems }, headers);
}

function shape(
  status: number,
  code: string,
  title: string,
  more: { advice?: string; detail?: string; line?: number; problems?: ProblemDetails['problems'] },
  headers: Record<string, string>,
): Problem {
  return { status, headers, body: { type: typeOf(code), title, status, code, ...more } };
}

/** Errors of express carry a status. */
function foreignCode(error: unknown): ApiProblemCode | undefined {
  if (!types.isNativeError(error)) return undefined;
  const status = 'status' in error ? Number(error.status) : Number.NaN;
  if (status === 404) return 'not_found';
  // What is left are malformed percent signs in the path.
  if (status >= 400 && status < 500) return 'bad_request';
  return undefined;
}
