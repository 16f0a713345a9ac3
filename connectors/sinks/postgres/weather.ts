import { types } from 'node:util';
import { RetriableError } from '../../../services/pipeline/errors.ts';
import { toPostgresError } from '../../postgres/errors.ts';

const AWAY = 'See that it runs and can be reached from here.';

/** What the server or the way to it is to blame for, by SQLSTATE or code of the connection, and what to do then. First match counts. */
const ADVICE: readonly (readonly [RegExp, string])[] = [
  [/^53100$/, 'Its disk is full: free space there.'],
  [/^53300$/, 'It has too many connections: raise max_connections, or close some.'],
  [/^53/, 'It is out of memory or of another resource: give it more.'],
  [
    /^42501$/,
    'Grant the user of this export CREATE on the database (or on the schema, once it is there) and USAGE on the schema.',
  ],
  [/^28/, 'It does not let this user in: look at user, password and pg_hba.conf.'],
  [/^3D000$/, 'Create the database.'],
  [/^(57014|55P03|25P03)$/, 'It took longer than statementTimeoutMs: look what else it does, or raise that.'],
  [/^25006$/, 'It takes no writes: point the export at the primary.'],
  [
    /^(42P01|42703|3F000)$/,
    'A table of the export was dropped or changed behind it; it is made anew where that is possible.',
  ],
  [/^(40|23505|XX)/, 'Something else got in the way.'],
  [
    /CERT|SSL|TLS|ALTNAME|SIGNATURE/,
    'Its certificate is not accepted: set `ca` to the PEM of who signed it, or see who answers there.',
  ],
  [/^58/, 'It has trouble with its disk: look at its log.'],
];
const NO_TLS = /does not support SSL/;

function adviceOf(error: Error): string | undefined {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (NO_TLS.test(error.message))
    return 'It speaks no TLS: switch TLS on there, or set `tls` to `off` if nobody can listen on the way.';
  const known = ADVICE.find(([pattern]) => code !== '' && pattern.test(code))?.[1];
  return known ?? (toPostgresError(error) instanceof RetriableError ? AWAY : undefined);
}

/** Errors of the server and of the way to it become RetriableError `sink_unavailable`; everything else is passed through: it is a bug. */
export function toSinkError(error: unknown, where: string): unknown {
  // Not `instanceof`: errors of Node itself may come from another realm (a test's sandbox).
  if (!types.isNativeError(error) || error instanceof RetriableError) return error;
  const advice = adviceOf(error);
  if (advice === undefined) return error;
  return new RetriableError(
    'sink_unavailable',
    `PostgreSQL at ${where} cannot be used for now: ${error.message}. ${advice} It is tried again until then.`,
    // Not the error itself: its `detail` may show values of rows.
    { cause: Object.assign(new Error(error.message), 'code' in error ? { code: error.code } : {}) },
  );
}
