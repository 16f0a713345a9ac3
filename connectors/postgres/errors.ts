import { types } from 'node:util';
import { RetriableError } from '../../services/pipeline/errors.ts';

/** SQLSTATE classes and codes that go away when asked again: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const RETRIABLE_STATES = /^(08...|53...|58...|40001|40P01|40003|55P03|57014|57P0[1-5]|25006|25P03)$/;
const SOCKET_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
]);
/** The client library reports these without any code. */
const SOCKET_MESSAGES =
  /connection terminated|connection timeout|query read timeout|not queryable|timeout exceeded when trying to connect|client was closed/i;

/**
 * Connection lost, time-outs, serialization failures and a full server become `RetriableError` (`postgres_<what>`);
 * everything else (a violated constraint, a wrong statement) is passed through: it is a bug or the caller's to judge.
 */
export function toPostgresError(error: unknown): unknown {
  // Not `instanceof`: errors of Node itself may come from another realm (a test's sandbox).
  if (!types.isNativeError(error) || error instanceof RetriableError) return error;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const retry = (what: string) =>
    new RetriableError(
      `postgres_${what}`,
      `PostgreSQL (DATABASE_URL) does not do it for now: ${error.message || code}`,
      {
        cause: error,
      },
    );
  if (SOCKET_CODES.has(code)) return retry('unreachable');
  if (RETRIABLE_STATES.test(code)) {
    if (code.startsWith('08') || code.startsWith('57P')) return retry('unreachable');
    if (code.startsWith('53')) return retry('overloaded');
    if (code === '57014' || code === '55P03') return retry('timeout');
    return retry('conflict');
  }
  if (code === '' && SOCKET_MESSAGES.test(error.message)) return retry('unreachable');
  return error;
}

/** Whether the connection that reported this must not be used again. */
export function breaksConnection(mapped: unknown): boolean {
  return mapped instanceof RetriableError && mapped.code === 'postgres_unreachable';
}
