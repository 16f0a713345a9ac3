import { type DestinationStream, destination, pino } from 'pino';

/** A value that may stand in a log line. Never content, keys or seeds. */
export type LogFields = Readonly<Record<string, unknown>>;

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
      formatters: { level: (label) => ({ level: label }) },
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
