import type { IHeaders, KafkaMessage } from 'kafkajs';
import type { LogRecord } from '../../services/pipeline/ports/log.ts';

const NO_BYTES = new Uint8Array(0);
const NO_HEADERS: Readonly<Record<string, string>> = {};

/** @internal Shared with `committed-reader.ts`. */
export function textHeaders(headers: IHeaders | undefined): Readonly<Record<string, string>> {
  if (!headers) return NO_HEADERS;
  const text: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    // Of a header given twice the last counts.
    const last = Array.isArray(value) ? value.at(-1) : value;
    if (last !== undefined) text[name] = last.toString();
  }
  return text;
}

/** A kafkajs message as the corridor sees it. Key and value are views into the fetched bytes. */
export function toLogRecord(message: KafkaMessage): LogRecord {
  return {
    offset: Number(message.offset),
    key: message.key ?? NO_BYTES,
    value: message.value ?? NO_BYTES,
    headers: textHeaders(message.headers),
  };
}
