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
  readonly outcome: 'live' | 'dead' | 'erased' | 'unpaid' | 'unknown';
}

/** Answers that mean "later": the same bytes are sent again. */
const LATER = new Set([408, 425, 429, 500, 502, 503, 504]);

/** The batch may go again: nothing is known about it. `retryAfterMs` is what the service asked for, if it did. */
export class TryAgain extends Error {
  readonly retryAfterMs: number;
  constructor(message: string, retryAfterMs = 0, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'TryAgain';
    this.retryAfterMs = retryAfterMs;
  }
}

/** The two calls of the API that the SDK makes. */
export class Transport {
  readonly #endpoint: string;
  readonly #fetch: typeof fetch;
  readonly #timeoutMs: number;

  constructor(options: { endpoint: string; fetch: typeof fetch; timeoutMs: number }) {
    this.#endpoint = options.endpoint.replace(/\/$/, '');
    this.#fetch = options.fetch;
    this.#timeoutMs = options.timeoutMs;
  }

  /** @throws TryAgain when the outcome is open, BatchRefused when it is not. */
  async post(body: Uint8Array): Promise<Acceptance> {
    const answer = await this.#request('/v1/batches', 'application/x-ndjson', body);
    return (await answer.json()) as Acceptance;
  }

  /** Up to 1,000 ids a call. */
  async statuses(batchIds: readonly string[]): Promise<BatchStatus[]> {
    const body = new TextEncoder().encode(JSON.stringify({ ids: batchIds }));
    const answer = await this.#request('/v1/batches/status', 'application/json', body);
    return ((await answer.json()) as { batches: BatchStatus[] }).batches;
  }

  async #request(path: string, contentType: string, body: Uint8Array): Promise<Response> {
    let answer: Response;
    try {
      answer = await this.#fetch(`${this.#endpoint}${path}`, {
        method: 'POST',
        headers: { 'content-type': contentType },
        body: body as Uint8Array<ArrayBuffer>,
        signal: AbortSignal.timeout(this.#timeoutMs),
      });
    } catch (cause) {
      throw new TryAgain(`no answer from ${this.#endpoint}`, 0, { cause });
    }
    if (answer.ok) return answer;
    const problem = await problemOf(answer);
    if (LATER.has(answer.status)) {
      throw new TryAgain(problem.detail, Number(answer.headers.get('retry-after') ?? 0) * 1000);
    }
    throw new BatchRefused(answer.status, problem.code, problem.detail);
  }
}

async function problemOf(answer: Response): Promise<{ code: string; detail: string }> {
  const text = await answer.text();
  try {
    const problem = JSON.parse(text) as { code?: string; title?: string; detail?: string };
    return { code: problem.code ?? `http_${answer.status}`, detail: problem.detail ?? problem.title ?? text };
  } catch {
    return { code: `http_${answer.status}`, detail: text.slice(0, 200) };
  }
}
