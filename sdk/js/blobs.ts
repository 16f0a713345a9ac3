import { encodeBearer, isCidV1, MAX_BLOB, toHex } from '../../protocol/index.ts';
import type { Account } from './account.ts';
import { BlobBroken } from './errors.ts';
import { pauseBefore, paused } from './paused.ts';
import { walletToken } from './tokens.ts';
import { appTokenHeader, refusalOf, TryAgain } from './transport.ts';

export interface BlobsOptions {
  /** Address of the API. */
  readonly endpoint: string;
  /** The deployment's own name. */
  readonly network: string;
  /** 32-byte public key of the application. */
  readonly app: Uint8Array;
  /** Who uploads, and reads. */
  readonly account: Account;
  /** As of batches: `Bearer ` and a token of the app, operation `batches.write`, where the app is not open. It goes beside the account's own. */
  readonly authorization?: () => string | Promise<string>;
  readonly fetch?: typeof fetch;
  readonly now?: () => number;
  readonly randomBytes?: (length: number) => Uint8Array;
  /** First pause before an upload is sent again, milliseconds; it doubles. Default 250. */
  readonly firstPauseMs?: number;
}

/** What can be uploaded. A stream is sent once; the others are sent again while the outcome is open. */
export type BlobContent = Uint8Array | Blob | ReadableStream<Uint8Array>;

export interface UploadedBlob {
  /** For `blob` of an event. Without an event that names it the service lets it go after 24 h. */
  readonly cid: string;
  /** Bytes. */
  readonly size: number;
  readonly chunks: number;
  readonly scope: string;
  readonly epoch: number;
}

export interface DownloadedBlob {
  /** Bytes of the whole blob. */
  readonly size: number;
  /** Which of them come: from, up to and without. */
  readonly from: number;
  readonly to: number;
  /** Ends well only when all of them have come; otherwise it fails with `BlobBroken`. */
  readonly stream: ReadableStream<Uint8Array>;
  /** All of them at once. @throws BlobBroken */
  bytes(): Promise<Uint8Array>;
}

const ATTEMPTS = 8;
const TOKEN_MS = 60_000;

/**
 * Blobs of a wallet in an application: data too large for an event, which names it by its CID.
 *
 * The service decrypts: what comes is what it found under the CID, checked chunk by chunk there and counted here. Who trusts nobody reads the DAG from IPFS and opens it with the key of its scope
 * (`decodeBlobTop`, `openBlobChunk`).
 *
 * @example
 * const { cid } = await blobs.upload(await readFile('photo.jpg'), { scope: 'photos' });
 * await stream.record({ type: 'PHOTO', blob: cid, data: { place: 'Bern' } });
 * const first = await (await blobs.download(cid, { from: 0, to: 1000 })).bytes();
 */
export class Blobs {
  readonly #options: BlobsOptions;
  constructor(options: BlobsOptions) {
    this.#options = options;
  }

  /**
   * Uploads at most 64 MiB. In a browser give bytes or a `Blob` (a `File`): not every one can send a stream.
   * @param options.scope whose key it is encrypted under; default `__default_scope`
   * @throws BatchRefused with the code of the refusal; TryAgain when the outcome stays open: upload once more
   */
  async upload(content: BlobContent, { scope }: { readonly scope?: string } = {}): Promise<UploadedBlob> {
    const { randomBytes = (length) => crypto.getRandomValues(new Uint8Array(length)), account } = this.#options;
    // One id for all attempts: a blob whose answer got lost is not stored twice.
    const query = new URLSearchParams({ upload: toHex(randomBytes(16)), ...(scope === undefined ? {} : { scope }) });
    const address = `${this.#addressOf(account.publicKey)}?${query}`;
    if (sizeOf(content) > MAX_BLOB) throw new RangeError(`a blob has at most ${MAX_BLOB} bytes`);
    const attempts = content instanceof ReadableStream ? 1 : ATTEMPTS;
    for (let n = 1; ; n += 1) {
      try {
        return await this.#send(address, content);
      } catch (error) {
        if (!(error instanceof TryAgain) || n === attempts) throw error;
        await paused(pauseBefore(n, error.retryAfterMs, this.#options.firstPauseMs ?? 250));
      }
    }
  }

  /**
   * Opens a blob for reading, from a byte up to and without another (default: all).
   * @param options.wallet whose blob; default: the account's own. Another's needs a grant of its scope.
   * @throws BatchRefused `unknown_blob`, `blob_gone`, `range_not_satisfiable` …; TryAgain; BlobBroken when it is not what was asked for
   */
  async download(
    cid: string,
    options: { readonly from?: number; readonly to?: number; readonly wallet?: Uint8Array } = {},
  ): Promise<DownloadedBlob> {
    if (!isCidV1(cid)) throw new RangeError('cid is a CIDv1 in lower-case base32');
    const { account } = this.#options;
    const { wallet = account.publicKey, from = 0, to } = options;
    const isWhole = from === 0 && to === undefined;
    const headers: Record<string, string> = { authorization: this.#token('blobs.read') };
    if (!isWhole) headers.range = `bytes=${from}-${to === undefined ? '' : to - 1}`;
    const answer = await this.#ask(`${this.#addressOf(wallet)}/${cid}`, { headers });
    if (!answer.ok) throw await refusedBy(answer);
    const place = placeOf(answer);
    const isAsked = answer.headers.get('etag') === `"${cid}"` && place.from === from;
    if (!isAsked || !answer.body || answer.status !== (isWhole ? 200 : 206)) {
      await answer.body?.cancel();
      throw new BlobBroken(cid, 'the answer is not what was asked for');
    }
    const stream = (answer.body as ReadableStream<Uint8Array>).pipeThrough(counted(cid, place.to - place.from));
    return { ...place, stream, bytes: () => collected(stream, place.to - place.from) };
  }

  async #send(address: string, content: BlobContent): Promise<UploadedBlob> {
    const consent = await appTokenHeader(this.#options.authorization, 'ddc-app-token');
    const headers = {
      ...{ authorization: this.#token('blobs.write'), 'content-type': 'application/octet-stream' },
      ...consent,
    };
    const answer = await this.#ask(address, { method: 'POST', headers, body: content, duplex: 'half' } as RequestInit);
    if (!answer.ok) throw await refusedBy(answer);
    try {
      return (await answer.json()) as UploadedBlob;
    } catch (cause) {
      throw new TryAgain('the answer did not arrive', 0, { cause });
    }
  }

  async #ask(address: string, init: RequestInit): Promise<Response> {
    try {
      return await (this.#options.fetch ?? fetch)(address, init);
    } catch (cause) {
      throw new TryAgain(`no answer from ${this.#options.endpoint}`, 0, { cause });
    }
  }

  #addressOf(wallet: Uint8Array): string {
    const { endpoint, app } = this.#options;
    return `${endpoint.replace(/\/$/, '')}/v1/wallets/${toHex(wallet)}/apps/${toHex(app)}/blobs`;
  }

  #token(operation: string): string {
    const { network, app, account, now = Date.now, randomBytes } = this.#options;
    const settings = { network, app, operations: [operation], expiresAt: now() + TOKEN_MS, now };
    return `Bearer ${encodeBearer(walletToken(account, { ...settings, ...(randomBytes ? { randomBytes } : {}) }))}`;
  }
}

function sizeOf(content: BlobContent): number {
  if (content instanceof Uint8Array) return content.length;
  return content instanceof ReadableStream ? 0 : content.size;
}

const refusedBy = async (answer: Response): Promise<Error> => refusalOf(answer, await answer.text().catch(() => ''));

/** Where the bytes of an answer stand in the blob. */
function placeOf({ headers }: Response): { from: number; to: number; size: number } {
  const [, first, last, size] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(headers.get('content-range') ?? '') ?? [];
  if (first !== undefined) return { from: Number(first), to: Number(last) + 1, size: Number(size) };
  const length = Number(headers.get('content-length'));
  return { from: 0, to: length, size: length };
}

/** Lets bytes through and refuses an end that comes early. A connection that breaks is the same to the reader. */
function counted(
  cid: string,
  expected: number,
): { readable: ReadableStream<Uint8Array>; writable: WritableStream<Uint8Array> } {
  let seen = 0;
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const broken = (cause?: unknown) =>
    new BlobBroken(cid, `${seen} bytes came instead of ${expected}`, cause === undefined ? {} : { cause });
  let drained: () => void = () => undefined;
  const readable = new ReadableStream<Uint8Array>({
    start: (begun) => {
      controller = begun;
    },
    pull: () => drained(),
    // The next write fails then, which ends the request.
    cancel: () => drained(),
  });
  const writable = new WritableStream<Uint8Array>({
    write(chunk) {
      seen += chunk.length;
      if (seen > expected) {
        controller?.error(broken());
        throw broken();
      }
      controller?.enqueue(chunk);
      if ((controller?.desiredSize ?? 1) > 0) return undefined;
      return new Promise<void>((resolve) => {
        drained = resolve;
      });
    },
    close: () => (seen === expected ? controller?.close() : controller?.error(broken())),
    abort: (cause) => controller?.error(broken(cause)),
  });
  return { readable, writable };
}

async function collected(stream: ReadableStream<Uint8Array>, size: number): Promise<Uint8Array> {
  const all = new Uint8Array(size);
  let at = 0;
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return all;
    all.set(value, at);
    at += value.length;
  }
}
