import type { LogRecord } from '../ports/log.ts';

/** Header of `encrypted` and `pinned`: the offset in `received`, decimal text. */
export const ORIGIN = 'origin';
/** Header of `received`: the offset of the dead original that this record takes over. */
export const RETRY_OF = 'retryOf';

function offsetIn(record: LogRecord, header: string): number | null {
  const text = record.headers[header];
  if (text === undefined || !/^(0|[1-9]\d{0,15})$/.test(text)) return null;
  const offset = Number(text);
  return Number.isSafeInteger(offset) ? offset : null;
}

/** The origin of a record of `encrypted` or `pinned`; null when a foreign hand wrote it. */
export const originOf = (record: LogRecord): number | null => offsetIn(record, ORIGIN);

export const retryOf = (record: LogRecord): number | null => offsetIn(record, RETRY_OF);
