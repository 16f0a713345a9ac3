import { BatchRefused } from './errors.ts';

export interface Acceptance {
  readonly batchId: string;
  readonly partition: number;
  readonly offset: number;
}

export interface BatchStatus {
  readonly batchId: string;
  readonly stages: {
    readonly encrypted: boolean;
    readonly pinned: boolean;
    readonly indexed: boolean;
    readonly settled: boolean;
  };
  /** null until indexed. `unchecked`: encrypted by the client; only who has the key can check it. */
  readonly content: 'checked' | 'unchecked' | null;
  readonly outcome: 'live' | 'dead' | 'erased' | 'unpaid' | 'unknown';
}

/** Answers that mean "later": the same bytes are sent again. */
const LATER: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

/** The batch may go again: nothing is known about it. `retryAfterMs` is what the service asked for, if it did. */
export class TryAgain extends Error {
  readonly retryAfterMs: number;
  constructor(message: string, retryAfterMs = 0, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'TryAgain';
    this.retryAfterMs = retryAfterMs;
  }
}

/** A service may ask for a pause until its next period, which can be a month away: things may change before, so it is asked again by then. */
const LONGEST_PAUSE_MS = 15 * 60_000;

/** What an answer that is none of success means: TryAgain when the outcome is open, BatchRefused when it is not. */
export function refusalOf({ status, headers }: Response, text: string): TryAgain | BatchRefused {
  const { code, detail } = problemOf(status, text);
  const asked = (Number(headers.get('retry-after')) || 0) * 1000;
  const pauseMs = Math.min(LONGEST_PAUSE_MS, Math.max(0, asked));
  return LATER.has(status) ? new TryAgain(detail, pauseMs) : new BatchRefused(status, code, detail, pauseMs);
}

/** Header `Authorization` of batches, with the app's token; none where the app needs none. */
export type Authorization = (() => string | Promise<string>) | undefined;

/** The header with the app's token for writes: beside a wallet's own token it has a name of its own. */
export async function appTokenHeader(
  authorization: Authorization,
  header: 'authorization' | 'ddc-app-token',
): Promise<Record<string, string>> {
  const value = await authorization?.();
  if (value === undefined) return {};
  return { [header]: header === 'authorization' ? value : value.replace(/^Bearer /, '') };
}

/** The calls of the API that the SDK makes. */
export class Transport {
  readonly #endpoint: string;
  readonly #fetch: typeof fetch;
  readonly #timeoutMs: number;
  readonly #authorization: Authorization;

  constructor(options: {
    endpoint: string;
    fetch: typeof fetch;
    timeoutMs: number;
    /** Header `Authorization` of every batch. */
    authorization?: () => string | Promise<string>;
  }) {
    this.#endpoint = options.endpoint.replace(/\/$/, '');
    this.#fetch = options.fetch;
    this.#timeoutMs = options.timeoutMs;
    this.#authorization = options.authorization;
  }

  /** @throws TryAgain when the outcome is open, BatchRefused when it is not. */
  async post(body: Uint8Array): Promise<Acceptance> {
    const token = await this.appToken('authorization');
    try {
      return await this.#request<Acceptance>('/v1/batches', 'application/x-ndjson', body, token);
    } catch (error) {
      // The token, not the batch: the next attempt asks for another one.
      if (this.#authorization && error instanceof BatchRefused && error.status === 401)
        throw new TryAgain(error.message);
      throw error;
    }
  }

  /** The header with the app's token for writes; none where the application gives none. */
  appToken(header: 'authorization' | 'ddc-app-token'): Promise<Record<string, string>> {
    return appTokenHeader(this.#authorization, header);
  }

  /** Up to 1,000 ids a call. */
  async statuses(batchIds: readonly string[]): Promise<BatchStatus[]> {
    const body = new TextEncoder().encode(JSON.stringify({ ids: batchIds }));
    return (await this.#request<{ batches: BatchStatus[] }>('/v1/batches/status', 'application/json', body)).batches;
  }

  /** @throws TryAgain when the outcome is open, BatchRefused when it is not. */
  postJson<T>(path: string, body: Uint8Array, headers: Record<string, string> = {}): Promise<T> {
    return this.#request<T>(path, 'application/json', body, headers);
  }

  get<T>(path: string, headers: Record<string, string>): Promise<T> {
    return this.#request<T>(path, null, null, headers);
  }

  async #request<T>(
    path: string,
    contentType: string | null,
    body: Uint8Array | null,
    headers: Record<string, string> = {},
  ): Promise<T> {
    const init = {
      method: body ? 'POST' : 'GET',
      headers: { ...(contentType ? { 'content-type': contentType } : {}), ...headers },
      body: body as Uint8Array<ArrayBuffer> | null,
    };
    const text = textOf(await this.#answer(path, init));
    try {
      return JSON.parse(text) as T;
    } catch (cause) {
      throw new TryAgain(`no whole answer from ${this.#endpoint}`, 0, { cause });
    }
  }

  /** An answer that is one, with its body: a service that dies in the middle of it has not answered. */
  async #answer(path: string, init: RequestInit): Promise<Uint8Array> {
    let answer: Response;
    let body: Uint8Array;
    try {
      // A browser's `fetch` does not run as the method of another object.
      const fetched = this.#fetch;
      answer = await fetched(`${this.#endpoint}${path}`, { ...init, signal: AbortSignal.timeout(this.#timeoutMs) });
      body = new Uint8Array(await answer.arrayBuffer());
    } catch (cause) {
      throw new TryAgain(`no answer from ${this.#endpoint}`, 0, { cause });
    }
    if (answer.ok) return body;
    throw refusalOf(answer, textOf(body));
  }
}

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** What a refusal says for people. */
interface Said {
  readonly title?: string;
  readonly advice?: string;
  readonly detail?: string;
}

/** What was wrong and what to do. */
export const saidBy = ({ title, advice, detail }: Said): string =>
  [detail ?? title, advice].filter((text) => text !== undefined).join(' ');

function problemOf(status: number, text: string): { code: string; detail: string } {
  const none = { code: `http_${status}`, detail: text.slice(0, 200) || `status ${status}` };
  try {
    const problem = JSON.parse(text) as { code?: string } & Said;
    return { code: problem.code ?? none.code, detail: saidBy(problem) || none.detail };
  } catch {
    // Not the service itself, but something before it.
    return none;
  }
}
