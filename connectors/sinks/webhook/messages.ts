import { createHash } from 'node:crypto';
import type { Delivery, RowOwner, RowSelection } from '../../../services/pipeline/ports/sink.ts';
import type { Message } from './post.ts';

export interface MessageLimits {
  /** One message holds so many rows; 1: a JSON object each. */
  readonly rows: number;
  readonly bytes: number;
}

const iso = (time: number) => new Date(time).toISOString();

export const eraseLine = ({ app, wallet, before, issuedAt }: RowOwner): string =>
  JSON.stringify({ app, wallet, before_origin: before, issued_at: iso(issuedAt) });

export function removeLine({ app, wallet, issuedAt, selector }: RowSelection): string {
  const head = { app, wallet, issued_at: iso(issuedAt) };
  if ('events' in selector) return JSON.stringify({ ...head, events: selector.events });
  if ('from' in selector) return JSON.stringify({ ...head, from: selector.from, to: selector.to });
  return JSON.stringify({ ...head, session_sha256: selector.session });
}

/** What a message is about, before its content: the first part of its id. */
export const deliveryName = (name: string, { partition, first, last }: Delivery): string =>
  `${name}/${partition}/${first}-${last}`;

/**
 * Messages that hold these lines, in order. The id ends with a hash of the body: a message that is sent again has its id again, and one whose rows
 * have become fewer meanwhile has another, so whoever skips ids it has seen skips no row.
 */
export function messagesOf(
  kind: Message['kind'],
  name: string,
  lines: readonly string[],
  { rows, bytes }: MessageLimits,
): Message[] {
  const messages: Message[] = [];
  let part: string[] = [];
  let size = 0;
  const close = () => {
    if (part.length === 0) return;
    const body = Buffer.from(rows === 1 ? part.join('') : `${part.join('\n')}\n`);
    const hash = createHash('sha256').update(body).digest('hex').slice(0, 16);
    const type = rows === 1 ? 'application/json' : 'application/x-ndjson';
    messages.push({ kind, id: `${name}/${hash}`, type, body });
    part = [];
    size = 0;
  };
  for (const line of lines) {
    if (part.length >= rows || (part.length > 0 && size + line.length > bytes)) close();
    part.push(line);
    size += line.length + 1;
  }
  close();
  return messages;
}
