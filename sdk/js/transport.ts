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
export const LATER = new Set([408, 425, 429, 500, 502, 503, 504]);

/** The batch may go again: nothing is known about it. `retryAfterMs` is what the service asked for, if it did. */
export class TryAgain extends Error {
  readonly retryAfterMs: number;
  constructor(message: string, retryAfterMs = 0, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'TryAgain';
    this.retryAfterMs = retryAfterMs;
  }
}

/** The calls of the API that the SDK makes. */
export class Transport {
  readonly #endpoint: string;
  readonly #fetch: typeof fetch;
  readonly #timeoutMs: number;
  readonly #authorization: (() => string | Promise<string>) | undefined;

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
  async appToken(header: 'authorization' | 'ddc-app-token'): Promise<Record<string, string>> {
    const authorization = await this.#authorization?.();
    if (authorization === undefined) return {};
    return { [header]: header === 'authorization' ? authorization : authorization.replace(/^Bearer /, '') };
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
    const problem = problemOf(answer, textOf(body));
    if (LATER.has(answer.status)) {
      throw new TryAgain(problem.detail, (Number(answer.headers.get('retry-after')) || 0) * 1000);
    }
    throw new BatchRefused(answer.status, problem.code, problem.detail);
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

export function problemOf(answer: Response, text: string): { code: string; detail: string } {
  try {
    const problem = JSON.parse(text) as { code?: string } & Said;
    return { code: problem.code ?? `http_${answer.status}`, detail: saidBy(problem) || text };
  } catch {
    return { code: `http_${answer.status}`, detail: text.slice(0, 200) };
  }
}
