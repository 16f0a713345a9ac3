import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP } from 'node:net';
import { RetriableError } from '../../../services/pipeline/errors.ts';
import { AddressError, type Allowed, judgeAddress, judgingLookup } from './addresses.ts';
import { signedHeaders } from './signature.ts';

export interface PostOptions {
  readonly url: string;
  readonly secret: Uint8Array;
  readonly allowed: Allowed;
  readonly timeoutMs: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** What is told to whoever is behind the URL. */
export interface Message {
  readonly kind: 'ping' | 'rows' | 'erase' | 'remove';
  /** The same for the same body, also when it is sent again. */
  readonly id: string;
  readonly type: 'application/json' | 'application/x-ndjson';
  readonly body: Uint8Array;
}

/** @returns what a 2xx said, at most 64 KiB of it. @throws RetriableError `sink_unavailable` otherwise */
export type Post = (message: Message) => Promise<string>;

const ANSWER_BYTES = 64 * 1024;
/** However long somebody asks to be left alone. */
const LONGEST_MS = 60 * 60_000;

interface Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly text: string;
}

/** Posts signed messages to one URL. Redirects are not followed; what is connected to is judged when it is. */
export function createPost({ url, secret, allowed, timeoutMs, now }: PostOptions): Post {
  const target = new URL(url);
  const tls = target.protocol === 'https:';
  const request = tls ? requestHttps : requestHttp;
  const lookup = judgingLookup(allowed, tls);
  // What a query holds may be a key of theirs.
  const place = `The webhook ${target.origin}${target.pathname}`;
  let notBefore = 0;

  function once({ kind, id, type, body }: Message): Promise<Answer> {
    const headers = {
      ...signedHeaders(secret, id, Math.floor(now() / 1000), body),
      'content-type': type,
      'content-length': body.length,
      'ddc-message': kind,
      'user-agent': 'cere-ddc',
    };
    const host = target.hostname.replace(/^\[|\]$/g, '');
    // Names are judged as they are resolved; an address is not resolved.
    if (isIP(host)) judgeAddress(allowed, host, tls);
    return new Promise((resolve, reject) => {
      const asked = request(target, { method: 'POST', headers, lookup, signal: AbortSignal.timeout(timeoutMs) });
      asked.once('error', reject);
      asked.once('response', (response) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        const answer = () => ({
          status: response.statusCode ?? 0,
          retryAfter: response.headers['retry-after'],
          text: Buffer.concat(chunks).toString('utf8'),
        });
        response.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes <= ANSWER_BYTES) chunks.push(chunk);
          // The status is what counts: no more than that is read.
          else {
            resolve(answer());
            asked.destroy();
          }
        });
        response.once('end', () => resolve(answer()));
        response.once('error', reject);
      });
      asked.end(body);
    });
  }

  const unavailable = (what: string, cause?: unknown) =>
    new RetriableError('sink_unavailable', `${place} ${what}. It is tried again until it takes what it is sent.`, {
      cause,
    });

  return async (message) => {
    const rest = notBefore - now();
    if (rest > 0 && rest <= LONGEST_MS)
      throw unavailable(`asked to be left alone for ${Math.ceil(rest / 1000)} s more`);
    let answer: Answer;
    try {
      answer = await once(message);
    } catch (error) {
      throw unavailable(reasonOf(error, timeoutMs), error);
    }
    const { status, retryAfter, text } = answer;
    if (status >= 200 && status < 300) return text;
    const waitMs = waitOf(retryAfter, now());
    notBefore = now() + waitMs;
    const wait = waitMs > 0 ? ` and asks to be left alone for ${Math.ceil(waitMs / 1000)} s` : '';
    const redirect = status >= 300 && status < 400 ? ': redirects are not followed, set the URL that it points to' : '';
    throw unavailable(`answers ${status}${redirect}${wait}`);
  };
}

function reasonOf(error: unknown, timeoutMs: number): string {
  if (error instanceof AddressError) return `is not called: ${error.message}`;
  // Not `instanceof`: errors of Node itself may come from another realm (a test's sandbox).
  const { name, message } = error as { readonly name?: string; readonly message?: string };
  if (name === 'AbortError' || name === 'TimeoutError') return `did not answer within ${timeoutMs} ms`;
  return `cannot be reached: ${message ?? String(error)}`;
}

/** `Retry-After`: seconds, or a date. */
export function waitOf(retryAfter: string | undefined, now: number): number {
  if (retryAfter === undefined) return 0;
  const wait = /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1000 : Date.parse(retryAfter) - now;
  return Number.isFinite(wait) ? Math.min(Math.max(wait, 0), LONGEST_MS) : 0;
}
