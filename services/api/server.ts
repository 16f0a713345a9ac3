import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { answerProblem, discardRest, rawProblem } from './answer.ts';
import { isBatchRoute } from './batch-route.ts';
import { limitConnections } from './guard/connections.ts';
import type { Entrance } from './guard/entrance.ts';
import { ApiProblem, type ApiProblemCode } from './problems.ts';

export interface ServerOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** 0: a free one. */
  readonly port: number;
  readonly batches: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  readonly others: RequestListener;
  /** Bodies that take as long as they take, while they move: whoever reads them sees to that. */
  readonly unhurried?: (request: IncomingMessage) => boolean;
  readonly entrance: Entrance;
  /** Of one address at most, by what counts as one; null: not counted. */
  readonly connections?: { readonly most: number; readonly keyOf: (socket: Socket) => string | null };
  /** For tests; defaults are 10 s for headers, 30 s for a whole request, 9 s for a graceful stop. */
  readonly headersTimeoutMs?: number;
  readonly requestTimeoutMs?: number;
  readonly stopTimeoutMs?: number;
  /** How long nothing may move on a connection, in either direction. Default 60 s: an answer that nobody reads is memory. */
  readonly stillTimeoutMs?: number;
  /** For tests: told of every request before anything else looks at it. */
  readonly observe?: (request: IncomingMessage, response: ServerResponse) => void;
}

export interface ApiServer {
  readonly port: number;
  readonly stopping: boolean;
  /** From now on it says that it is going; it serves until it is closed. */
  drain(): void;
  readonly draining: boolean;
  /** Stops accepting, answers what is in flight, then closes; what still hangs after 9 s is cut off. */
  close(): Promise<void>;
}

const MAX_URL = 2_048;
/** Open at once, and as many may wait to be taken (as far as the system lets them): one that overflows that queue is tried again only after seconds. */
const MAX_CONNECTIONS = 8_192;

/** One HTTP server: the batch route first, everything else through express. */
export async function listen(options: ServerOptions): Promise<ApiServer> {
  const requestTimeout = options.requestTimeoutMs ?? 30_000;
  let stopping = false;
  let draining = false;
  const server = createServer(
    {
      headersTimeout: Math.min(options.headersTimeoutMs ?? 10_000, requestTimeout),
      // Node knows one limit for all requests; bodies have theirs below.
      requestTimeout: 0,
      connectionsCheckingInterval: Math.min(1_000, requestTimeout / 2),
      keepAliveTimeout: 65_000,
      maxHeaderSize: 16 * 1024,
      noDelay: true,
    },
    (request, response) => {
      // Such a response gets no connection until the earlier one is out, and requests in any number would wait in memory: clients of HTTP/1.1
      // do not send ahead, and one that does has to be ready for a connection that closes.
      if (isSentAhead(response)) return void request.socket.destroy();
      options.observe?.(request, response);
      // A kept connection must not bring more requests while the process stops.
      if (stopping) response.setHeader('connection', 'close');
      if (hasBody(request) && !options.unhurried?.(request)) limitBody(request, requestTimeout);
      const url = request.url ?? '';
      if (url.length > MAX_URL) return refuse(request, response, 'uri_too_long');
      const answered = options.entrance(request, response);
      if (answered === false) serve(request, response, url);
      else if (answered !== true) void answered.then((done) => done || serve(request, response, url));
    },
  );
  function serve(request: IncomingMessage, response: ServerResponse, url: string): void {
    if (!isBatchRoute(url)) options.others(request, response);
    else if (stopping) refuse(request, response, 'stopping');
    else void options.batches(request, response);
  }
  // Node destroys a socket on which nothing has been read or written for so long.
  server.setTimeout(options.stillTimeoutMs ?? 60_000);
  server.maxConnections = MAX_CONNECTIONS;
  if (options.connections) limitConnections(server, options.connections.most, options.connections.keyOf);
  server.on('clientError', answerUnreadable);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port: options.port, host: options.host ?? '127.0.0.1', backlog: MAX_CONNECTIONS }, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    get stopping() {
      return stopping;
    },
    get draining() {
      return draining || stopping;
    },
    drain() {
      draining = true;
    },
    close() {
      stopping = true;
      return stop(server, options.stopTimeoutMs ?? 9_000);
    },
  };
}

/** Sent before the request in front of it was answered. */
const isSentAhead = (response: ServerResponse): boolean => response.socket === null;

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

/** A body has to be here `ms` after its headers. */
function limitBody(request: IncomingMessage, ms: number): void {
  const late = setTimeout(() => {
    // What waits in the socket of a busy process has come in time.
    setImmediate(() => {
      if (!request.complete) answerUnreadable(LATE, request.socket);
    });
  }, ms);
  late.unref();
  request.once('close', () => clearTimeout(late));
}
const LATE: NodeJS.ErrnoException = Object.assign(new Error('a body came too late'), {
  code: 'ERR_HTTP_REQUEST_TIMEOUT',
});

function refuse(request: IncomingMessage, response: ServerResponse, code: ApiProblemCode): void {
  discardRest(request);
  answerProblem(response, new ApiProblem(code));
}

/** Requests that the parser refuses, or that do not arrive in time, get a proper answer too. */
function answerUnreadable(error: NodeJS.ErrnoException, socket: Socket & { _httpMessage?: ServerResponse }): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  // An answer to this or an earlier request has begun: a second one would be read as part of it.
  if (socket._httpMessage?.headersSent) return void socket.destroy();
  socket.end(rawProblem(new ApiProblem(unreadable(error.code))), () => socket.destroy());
}

function unreadable(code: string | undefined): ApiProblemCode {
  if (code === 'HPE_HEADER_OVERFLOW') return 'headers_too_large';
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'request_timeout';
  return 'bad_request';
}

function stop(server: Server, withinMs: number): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), withinMs);
    // Connections whose last request is answered after this moment become idle only then.
    const idle = setInterval(() => server.closeIdleConnections(), 20);
    server.close(() => {
      clearTimeout(cut);
      clearInterval(idle);
      resolve();
    });
    server.closeIdleConnections();
  });
}
