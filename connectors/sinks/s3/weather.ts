import { FatalError, RetriableError } from '../../../services/pipeline/errors.ts';
import { codeOf, statusOf } from './answers.ts';

const KEYS = 'Set accessKeyId and secretAccessKey to a pair that the store knows.';
const RIGHTS =
  'These keys may not: allow s3:ListBucket and s3:ListBucketMultipartUploads on the bucket, and s3:GetObject, s3:PutObject, s3:DeleteObject and s3:AbortMultipartUpload below the prefix.';
const BUSY = 'The store asks for fewer requests.';
const DOWN = 'The store, or the way to it, is down.';
const SILENT = 'The store does not answer in time.';

/** What somebody must change, by the store's code. */
const REFUSED: Readonly<Record<string, string>> = {
  NoSuchBucket: 'There is no such bucket: create it, or correct `target`.',
  InvalidBucketName: 'No bucket can have that name: correct `target`.',
  InvalidAccessKeyId: KEYS,
  /** versitygw's word for it. */
  XAdminUserNotFound: KEYS,
  SignatureDoesNotMatch: `The secret key is wrong. ${KEYS}`,
  CredentialsProviderError: `No keys were found. ${KEYS}`,
  ExpiredToken: `The keys have expired. ${KEYS}`,
  InvalidToken: KEYS,
  AccessDenied: RIGHTS,
  Forbidden: RIGHTS,
  AllAccessDisabled: RIGHTS,
  PermanentRedirect: 'The bucket is in another region: correct `region`.',
  AuthorizationHeaderMalformed: 'The store is of another region: correct `region`.',
  RequestTimeTooSkewed: "This machine's clock is wrong: correct it.",
};

/** What passes, by the code of the store or of the network. */
const PASSING: Readonly<Record<string, string>> = {
  SlowDown: BUSY,
  TooManyRequests: BUSY,
  RequestLimitExceeded: BUSY,
  ServiceUnavailable: DOWN,
  InternalError: DOWN,
  ConditionalRequestConflict: BUSY,
  OperationAborted: BUSY,
  TimeoutError: SILENT,
  RequestTimeout: SILENT,
  ETIMEDOUT: SILENT,
  ECONNREFUSED: DOWN,
  ECONNRESET: DOWN,
  EPIPE: DOWN,
  ENOTFOUND: DOWN,
  EAI_AGAIN: DOWN,
  EHOSTUNREACH: DOWN,
  ENETUNREACH: DOWN,
  ERR_STREAM_PREMATURE_CLOSE: DOWN,
};

/** Where the network fails there is no answer, so no code of the store. Errors of another realm (a test's sandbox) are only quoted by the SDK. */
function networkCodeOf(error: unknown): string {
  const { code, message = '' } = (error ?? {}) as { readonly code?: unknown; readonly message?: string };
  if (typeof code === 'string') return code;
  return /^AWS SDK error wrapper for (?:Error: .*?)?\b(E[A-Z]+|[A-Z]\w+Error)\b/.exec(message)?.[1] ?? '';
}

const adviceFor = (table: Readonly<Record<string, string>>, error: unknown) =>
  [codeOf(error), networkCodeOf(error)]
    .map((code) => (Object.hasOwn(table, code) ? table[code] : undefined))
    .find(Boolean);

/** What a status without a known code means. */
function adviceByStatus(status: number | undefined): string | undefined {
  if (status === 401 || status === 403) return RIGHTS;
  if (status === 429) return BUSY;
  return status !== undefined && status >= 500 && status !== 501 ? DOWN : undefined;
}

/**
 * Errors of a store become RetriableError `sink_unavailable`; at the start, those that only somebody's hand can mend become FatalError `sink_not_writable`.
 * Everything else is passed through: it is a bug.
 */
export function toStoreError(error: unknown, address: string, starting: boolean): unknown {
  if (error instanceof RetriableError || error instanceof FatalError) return error;
  const refused = adviceFor(REFUSED, error);
  const status = statusOf(error);
  const advice = refused ?? adviceFor(PASSING, error) ?? adviceByStatus(status);
  if (advice === undefined) return error;
  const said = error instanceof Error ? error.message : String(error);
  const why = `${codeOf(error) || networkCodeOf(error)}${said ? `: ${said}` : ''}`;
  if (starting && (refused || status === 403)) {
    return new FatalError('sink_not_writable', `The export ${address} cannot be written (${why}). ${advice}`, {
      cause: error,
    });
  }
  return new RetriableError(
    'sink_unavailable',
    `The export ${address} cannot be used for now (${why}). ${advice} It is tried again until then.`,
    { cause: error },
  );
}
