import { type DestinationStream, destination, pino } from 'pino';
import { hasPassed } from './clock.ts';

/**
 * What may stand in a log line: never content, keys or seeds. Bytes do not fit, whatever they are (`Uint8Array`, a secret, a key pair, an open
 * root): what is public of them is written as hex.
 */
export type Loggable =
  | string
  | number
  | boolean
  | bigint
  | null
  | undefined
  | readonly Loggable[]
  | { readonly [name: string]: Loggable };
export type LogFields = Readonly<Record<string, Loggable>>;

export interface Log {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  fatal(fields: LogFields, message: string): void;
  /** The same log under `<logger>.<name>`. */
  child(name: string): Log;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

const SECRET = [
  'userRoot',
  'secretKey',
  'scopeKey',
  'seed',
  'phrase',
  'kek',
  'password',
  'authorization',
  'plaintext',
  'data',
  'sealed',
];
const redact = { paths: SECRET.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[redacted]' };

/** An error as fields: name, code and message of it and of its causes, and where it was thrown. */
export function errorFields(error: unknown): LogFields {
  if (!(error instanceof Error)) return { name: 'unknown', message: String(error) };
  const code = 'code' in error && typeof error.code === 'string' ? { code: error.code } : {};
  const cause = error.cause === undefined ? {} : { cause: errorFields(error.cause) };
  return { name: error.name, ...code, message: error.message, stack: error.stack, ...cause };
}

/** Where the types were gone around: bytes in a line show as `[bytes]`. */
function withoutBytes(value: unknown): unknown {
  if (ArrayBuffer.isView(value)) return '[bytes]';
  if (Array.isArray(value)) return value.map(withoutBytes);
  if (typeof value !== 'object' || value === null) return value;
  if ('toJSON' in value && typeof value.toJSON === 'function') return withoutBytes(value.toJSON());
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withoutBytes(inner)]));
}

/** Lines that could not be written wait in memory, so much of them; later ones are lost. Bytes. */
const MOST_WAITING = 1024 * 1024;
/** Of a file that takes nothing is told so often. */
const TELL_MS = 60_000;
const nothing = () => undefined;

/** A full disk behind stdout ends no process: there is nowhere to say so, and what a process does is worth more than what it tells. */
const stdout = (): DestinationStream => patient({ fd: 1 }, nothing);

/** Written synchronously; what does not fit is tried again with every later line. */
function patient(to: { fd: number } | { dest: string; append: true; mode: number }, onError: (error: Error) => void) {
  const stream = destination({ ...to, sync: true, maxLength: MOST_WAITING });
  stream.on('error', onError);
  // A line that is dropped tries nothing by itself.
  stream.on('drop', () => stream.write(''));
  return stream;
}

/**
 * JSON lines `{timestamp, level, logger, message, …}` on stdout, written synchronously so that the last line before an exit is there.
 * @param now milliseconds since the epoch
 */
export function createLog(logger: string, level: LogLevel, now: () => number, to?: DestinationStream): Log {
  const root = pino(
    {
      level,
      base: null,
      messageKey: 'message',
      redact,
      timestamp: () => `,"timestamp":"${new Date(now()).toISOString()}"`,
      formatters: {
        level: (label) => ({ level: label }),
        log: (fields) => withoutBytes(fields) as Record<string, unknown>,
      },
    },
    to ?? stdout(),
  );
  const open = (name: string): Log => {
    const line = root.child({ logger: name });
    return {
      debug: (fields, message) => line.debug(fields, message),
      info: (fields, message) => line.info(fields, message),
      warn: (fields, message) => line.warn(fields, message),
      error: (fields, message) => line.error(fields, message),
      fatal: (fields, message) => line.fatal(fields, message),
      child: (child) => open(`${name}.${child}`),
    };
  };
  return open(logger);
}

/**
 * Lines that are kept whatever the level of other logs, appended to a file of their own where one is named.
 * @param level only `silent` counts, and only without a file
 * @param onUnwritten told once a minute that the file took nothing, so often since, as when the disk is full; the process goes on
 */
export function openAppendedLog(
  logger: string,
  level: LogLevel,
  now: () => number,
  file: string,
  onUnwritten: (error: Error, attempts: number) => void,
): Log {
  if (file === '') return createLog(logger, level === 'silent' ? 'silent' : 'info', now);
  let toldAt = Number.NEGATIVE_INFINITY;
  let failed = 0;
  const tell = (error: Error) => {
    failed += 1;
    if (!hasPassed(TELL_MS, toldAt, now())) return;
    onUnwritten(error, failed);
    toldAt = now();
    failed = 0;
  };
  return createLog(logger, 'info', now, patient({ dest: file, append: true, mode: 0o600 }, tell));
}

/** For tests that do not look at logs. */
export const SILENT: Log = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  fatal: nothing,
  child: () => SILENT,
};
