import { readFileSync } from 'node:fs';
import { Client, errors } from '@opensearch-project/opensearch';

/** However long a cluster asks to be left alone. */
const LONGEST_REST_MS = 60 * 60_000;

export interface ClientConfig {
  readonly node: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly ca?: string | undefined;
  readonly requestTimeoutMs: number;
}

export interface Request {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean>>;
  readonly body?: unknown;
  /** Newline-delimited JSON, for `_bulk`. */
  readonly lines?: string;
  /** Marks the task that the request becomes. */
  readonly opaqueId?: string;
  /** Statuses that are answers too, not errors. */
  readonly accept?: readonly number[];
}

// biome-ignore lint/suspicious/noExplicitAny: what a cluster answers is looked into member by member
export type Json = any;

export interface Answer {
  readonly status: number;
  readonly body: Json;
}

/**
 * What a request came to that was not answered, or refused. Holds nothing of the request: the client's own errors carry its body, which is rows,
 * and its headers, which are credentials.
 */
export class OpenSearchError extends Error {
  /** 0 where there was no answer. */
  readonly status: number;
  /** As OpenSearch names it, or the client where there was no answer. */
  readonly type: string;
  /** Seconds that it wants to be left alone. */
  readonly retryAfter: number | null;
  constructor(status: number, type: string, message: string, retryAfter: number | null = null) {
    super(message);
    this.name = 'OpenSearchError';
    this.status = status;
    this.type = type;
    this.retryAfter = retryAfter;
  }
}

export interface OpenSearch {
  /** @throws OpenSearchError; without asking, as long as the cluster wants to be left alone */
  ask(request: Request): Promise<Answer>;
  close(): Promise<void>;
}

function withoutRequest(error: unknown): unknown {
  if (error instanceof errors.ResponseError) {
    const { statusCode, body, headers } = error;
    const said = typeof body === 'object' && body !== null ? (body as Json).error : undefined;
    const seconds = Number(headers?.['retry-after']);
    const reason = typeof said === 'string' ? said : (said?.reason ?? `status ${statusCode}`);
    const cause = said?.caused_by?.reason ?? said?.root_cause?.[0]?.reason;
    const message = typeof cause === 'string' && cause !== reason ? `${reason} (${cause})` : String(reason);
    const wait = Number.isFinite(seconds) && headers?.['retry-after'] !== undefined ? seconds : null;
    return new OpenSearchError(statusCode, String(said?.type ?? ''), message, wait);
  }
  if (error instanceof errors.OpenSearchClientError) return new OpenSearchError(0, error.name, error.message);
  return error;
}

/** @throws when the file `ca` cannot be read; nothing is connected yet */
export function openClient({ node, username, password, ca, requestTimeoutMs }: ClientConfig): OpenSearch {
  const client = new Client({
    node,
    ...(username === undefined ? {} : { auth: { username, password: password ?? '' } }),
    ...(ca === undefined ? {} : { ssl: { ca: readFileSync(ca, 'utf8') } }),
    requestTimeout: requestTimeoutMs,
    // What is repeated, and when, is decided where it is known what was done.
    maxRetries: 0,
  });
  let notBefore = 0;

  /** Whatever it is that would be asked: who has no room for one request has none for the others. */
  function leaveAlone(): void {
    const rest = (notBefore - performance.now()) / 1_000;
    if (rest <= 0) return;
    throw new OpenSearchError(429, '', `it asked to be left alone for ${Math.ceil(rest)} s more`, rest);
  }

  function remember({ status, retryAfter }: OpenSearchError): void {
    if (status !== 429 || retryAfter === null) return;
    notBefore = performance.now() + Math.min(retryAfter * 1_000, LONGEST_REST_MS);
  }

  return {
    async ask({ method, path, query = {}, body, lines, opaqueId, accept = [] }) {
      leaveAlone();
      const request = {
        method,
        path,
        querystring: { ...query },
        ...(lines === undefined ? { body } : { bulkBody: lines }),
      };
      const options = { ignore: [...accept], ...(opaqueId === undefined ? {} : { opaqueId }) };
      try {
        const answer = await client.transport.request(request as Json, options);
        return { status: answer.statusCode ?? 0, body: answer.body };
      } catch (error) {
        const told = withoutRequest(error);
        if (told instanceof OpenSearchError) remember(told);
        throw told;
      }
    },
    close: () => client.close(),
  };
}
