import { types } from 'node:util';
import { PROTOCOL_ERRORS, ProtocolError, type ProtocolErrorCode } from '../../protocol/index.ts';
import { RetriableError } from '../pipeline/errors.ts';

interface ProblemKind {
  readonly status: number;
  /** What was wrong and what to do. */
  readonly title: string;
}

/** Every refusal of the API beside those of the protocol, by its stable code. */
export const API_PROBLEMS = {
  // the request
  bad_request: {
    status: 400,
    title: 'The bytes are not an HTTP request that can be read. Send a well-formed HTTP/1.1 request.',
  },
  content_encoding: {
    status: 400,
    title: 'The body does not decode as its Content-Encoding says. Send it whole, and encoded as declared.',
  },
  malformed_json: { status: 400, title: 'The body is not JSON. Send one JSON value in UTF-8.' },
  too_deep: { status: 400, title: 'The JSON nests deeper than 8. No body of this API does.' },
  invalid: { status: 400, title: 'The request does not have the described shape. Compare it with /openapi.json.' },
  request_timeout: {
    status: 408,
    title: 'The request did not arrive in time. Send headers within 10 s and the whole request within 30 s.',
  },
  not_found: { status: 404, title: 'There is nothing at this address. The addresses are listed at /docs.' },
  method_not_allowed: {
    status: 405,
    title: 'This address does not take this method. The header Allow names those it takes.',
  },
  payload_too_large: { status: 413, title: 'The body is larger than this address takes. Send less at once.' },
  uri_too_long: { status: 414, title: 'The URL is longer than 2,048 characters. Send ids in a body instead.' },
  content_type: {
    status: 415,
    title:
      'This address does not take this Content-Type. Batches are application/x-ndjson or application/json, the rest application/json, in UTF-8.',
  },
  encoding_unsupported: {
    status: 415,
    title: 'This Content-Encoding is not known. Send gzip, deflate, br, or no encoding.',
  },
  headers_too_large: {
    status: 431,
    title: 'The request line and headers are longer than 16 KiB. Send fewer or shorter headers.',
  },
  // consent and payment
  unknown_app: { status: 403, title: 'The app is not registered here. Its operator registers it with `ddc apps add`.' },
  app_closed: {
    status: 403,
    title:
      "The app takes writes only with a token of its own key: `Authorization: Bearer` (beside a wallet's own token the header `DDC-App-Token`), operation `batches.write`, for this wallet or all.",
  },
  unpaid: {
    status: 402,
    title: 'A settlement of the app could not be charged. Fund its pot; writes are taken again once it is paid.',
  },
  quota_exceeded: {
    status: 402,
    title:
      'The app has used what its tier may write in this period. Write again when the next begins, as Retry-After says, or ask the operator for another tier.',
  },
  erased: {
    status: 410,
    title: 'The data of this wallet in this app was erased. A signed request to re-open must come first.',
  },
  mode_mismatch: {
    status: 409,
    title:
      'Who encrypts is settled per wallet and app: the service, unless the wallet has moved to client mode. Send this batch in the mode that is settled.',
  },
  subject_mismatch: {
    status: 409,
    title: 'The header line names another subject than the one registered for this wallet in this app.',
  },
  unauthorized: {
    status: 401,
    title: 'A token is needed: `Authorization: Bearer <base64url of a signed request of kind token>`, valid now.',
  },
  forbidden: {
    status: 403,
    title:
      'The token does not allow this: its operations, audience, app or wallet are others. Sign one that names them.',
  },
  token_delegated: {
    status: 403,
    title:
      'A token is used by the key that signed it and that it names, or by one key to which it delegates, in a chain of two that goes no further. Sign one that does.',
  },
  token_revoked: {
    status: 401,
    title: 'The token, or the one that it stands on, was revoked by who answers for it. Ask for a new one.',
  },
  request_clash: {
    status: 409,
    title: 'This request id was used before, for other bytes. Sign the request anew with an id of its own.',
  },
  unknown_grant: {
    status: 404,
    title: 'This wallet has signed no grant or policy with this id in this app, or it was forgotten by an erasure.',
  },
  not_certified: {
    status: 422,
    title:
      'Nobody has registered a live certificate for this X25519 key. Its holder registers one at /v1/certificates.',
  },
  key_taken: {
    status: 409,
    title: 'Another wallet has registered this X25519 key. Make a key pair of your own, and register that.',
  },
  epoch_ahead: {
    status: 422,
    title:
      'A grant begins at the latest with the next epoch: `fromEpoch` is at most one more than the epoch that the wallet is in.',
  },
  too_many_grants: {
    status: 409,
    title: 'A wallet has at most 1,000 grants in one app that have not ended: revoke some, or wait until they expire.',
  },
  policy_superseded: {
    status: 409,
    title:
      'The policy in force was signed later than this one, perhaps by a clock that is ahead: revoke it by its id, and sign anew once its time has passed (5 minutes at most).',
  },
  client_keys: {
    status: 409,
    title:
      'This wallet encrypts by itself in this app: the service has none of its keys. Seal the key to the recipient yourself (`ddc crypto grant`).',
  },
  no_key: {
    status: 403,
    title:
      'No live grant or policy gives the caller the key of this envelope, or the service has none: the wallet encrypts by itself, or is erased. Told of single envelopes.',
  },
  too_many_keys: {
    status: 413,
    title:
      'These scopes have more than 1,000 keys (root versions times epochs, for each certificate of the caller). Name fewer scopes at once.',
  },
  same_mode: { status: 409, title: 'The wallet is in this mode already.' },
  not_prepared: {
    status: 409,
    title: 'A move to service mode names the subject that /v1/moves/prepare answered last. Ask for it and sign again.',
  },
  epoch_behind: {
    status: 409,
    title: 'The epoch of a move is not below the one that the wallet is in. Name a later one.',
  },
  epoch_too_high: {
    status: 422,
    title: 'The epoch of a move is at most 2,147,483,647. Name the one that the wallet is in.',
  },
  subject_taken: { status: 409, title: 'Another root has this subject. A new client root has a new subject.' },
  nothing_to_erase: { status: 404, title: 'This wallet has never written to this app.' },
  nothing_to_remove: { status: 404, title: 'This wallet has never written to this app.' },
  too_many_ranges: {
    status: 409,
    title:
      'This wallet has removed 500 stretches of time in this app. Remove a wider one: those within it count no more.',
  },
  already_erased: { status: 409, title: 'Everything of this wallet in this app is erased, or being erased, already.' },
  not_erased: { status: 409, title: 'This wallet is not erased in this app: it can write.' },
  erasing: {
    status: 409,
    title: 'The erasure is still under way. Its state is at the address of the removal; ask again in some seconds.',
  },
  older_than_erasure: {
    status: 409,
    title:
      'It was signed before the erasure, or by a clock that is behind the one of the device that erased. Sign it anew.',
  },
  unknown_removal: { status: 404, title: 'This wallet has no removal with this id in this app.' },
  unknown_cluster: { status: 404, title: 'There is no cluster of this name. They are listed at /v1/clusters.' },
  cluster_settled: {
    status: 409,
    title:
      'The wallet has keys, and perhaps data, in another cluster, and moving is not offered yet: it stays where it is.',
  },
  unknown_batch: {
    status: 404,
    title: 'No accepted batch has this id. If it was sent a moment ago ask again; if it stays unknown send it again.',
  },
  // blobs
  unknown_blob: {
    status: 404,
    title:
      'This wallet has no blob with this CID in this app, or none that the caller may read. Upload it, or ask for a grant of its scope.',
  },
  blob_gone: {
    status: 410,
    title: 'This blob is gone: no event named it for 24 h, or every event that did was removed. Upload it again.',
  },
  blob_unreadable: {
    status: 502,
    title:
      'What is stored of this blob is not what its CID names, or does not open: nothing of it is answered. The operators can see it.',
  },
  upload_taken: {
    status: 409,
    title: 'Another request with this upload id was finished first. Send it again to get its answer.',
  },
  range_not_satisfiable: {
    status: 416,
    title: 'The blob has no such bytes. Its size is in Content-Range; name a range that begins below it.',
  },
  // receipts
  dead_batch: {
    status: 409,
    title:
      'The batch was accepted, and the pipeline could not keep it: there is nothing to give a receipt of. Its status says `dead`; the operators hold a copy.',
  },
  unknown_event: {
    status: 404,
    title:
      'This wallet has no event with this id in this app. If it was sent a moment ago ask again once its batch is indexed.',
  },
  content_unchecked: {
    status: 409,
    title:
      'The wallet encrypts by itself: the service has no key to find an event in its batch. Ask for the receipt of the batch, and disclose the event from its meta with your own key.',
  },
  many_batches: {
    status: 409,
    title: 'More than 16 batches of this wallet may hold this id. Name the one that it is in: `?batch=<batch id>`.',
  },
  // load
  wallet_rate: {
    status: 429,
    title:
      'This wallet sends more than its partition can take. Wait as Retry-After says; fleets use one wallet per user.',
  },
  rate_limited: {
    status: 429,
    title:
      'This caller or address sends more requests than it may, a second or at once. Wait as Retry-After says; the header RateLimit tells what is left.',
  },
  overloaded: {
    status: 503,
    title: 'Too many requests are being served. Wait as Retry-After says and send the same bytes again.',
  },
  unavailable: {
    status: 503,
    title:
      'A system behind the API does not answer. Nothing is lost: wait as Retry-After says and send the same bytes again.',
  },
  stopping: { status: 503, title: 'This process is stopping. Connect again and send the same bytes again.' },
  bug: {
    status: 500,
    title: 'The service failed in a way that it should not. The operators can see it; sending again may help.',
  },
} as const satisfies Record<string, ProblemKind>;

export type ApiProblemCode = keyof typeof API_PROBLEMS;

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

export interface ProblemDetails {
  readonly detail?: string;
  /** Seconds, for `Retry-After`. */
  readonly retryAfter?: number;
  /** For `Allow`. */
  readonly allow?: string;
  /** For `Content-Range`: what there is, in bytes. */
  readonly size?: number;
  /** Further headers of the answer. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A refusal that the API itself makes. */
export class ApiProblem extends Error {
  readonly code: ApiProblemCode;
  readonly details: ProblemDetails;
  constructor(code: ApiProblemCode, details: ProblemDetails = {}) {
    super(details.detail ?? API_PROBLEMS[code].title);
    this.name = 'ApiProblem';
    this.code = code;
    this.details = details;
  }
}

/** A refusal as it is sent: RFC 9457. */
export interface Problem {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: {
    readonly type: string;
    readonly title: string;
    readonly status: number;
    readonly code: string;
    readonly detail?: string;
    /** Line of the batch, from 1 (the header). */
    readonly line?: number;
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
  return shape(kind.status, code, kind.title, details.detail === undefined ? {} : { detail: details.detail }, headers);
}

function shape(
  status: number,
  code: string,
  title: string,
  more: { detail?: string; line?: number },
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
