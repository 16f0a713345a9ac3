import { type DestinationStream, destination, pino } from 'pino';

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
    to ?? destination({ fd: 1, sync: true }),
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
 */
export function openAppendedLog(logger: string, level: LogLevel, now: () => number, file: string): Log {
  if (file === '') return createLog(logger, level === 'silent' ? 'silent' : 'info', now);
  return createLog(logger, 'info', now, destination({ dest: file, append: true, sync: true, mode: 0o600 }));
}

const nothing = () => undefined;
/** For tests that do not look at logs. */
export const SILENT: Log = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  fatal: nothing,
  child: () => SILENT,
};
