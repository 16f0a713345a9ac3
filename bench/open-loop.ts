import { Agent, request } from 'node:http';

/** One answer to a request that was sent when its time had come, whatever became of those before. Milliseconds. */
export interface OpenAnswer {
  readonly index: number;
  /** From when it should have been sent: what a client that waits for nobody sees, lateness of this process included. */
  readonly sinceScheduled: number;
  /** From when this process did send it. */
  readonly sinceSent: number;
  /** 0: the connection broke. */
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly body: string;
}

export interface OpenLoop {
  readonly port: number;
  readonly path: string;
  readonly contentType: string;
  /** Requests a second. */
  readonly rate: number;
  readonly count: number;
  /** Body of a request, in pieces. */
  readonly body: (index: number) => readonly Uint8Array[];
  readonly onAnswer: (answer: OpenAnswer) => void;
  /** Connections at most. */
  readonly connections?: number;
}

/** Sends `count` requests at a steady rate and resolves when all are answered. @returns seconds that the sending took */
export function openLoop({
  port,
  path,
  contentType,
  rate,
  count,
  body,
  onAnswer,
  connections = 1_024,
}: OpenLoop): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections, scheduling: 'lifo' });
  const start = performance.now();
  const dueAt = (index: number) => start + (index / rate) * 1000;
  return new Promise((resolve) => {
    let next = 0;
    let answered = 0;
    let sentAll = 0;

    const one = (index: number) => {
      const scheduled = dueAt(index);
      const sent = performance.now();
      const pieces = body(index);
      const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
      let over = false;
      const finish = (status: number, retryAfter: string | undefined, text: string) => {
        if (over) return;
        over = true;
        const now = performance.now();
        onAnswer({ index, sinceScheduled: now - scheduled, sinceSent: now - sent, status, retryAfter, body: text });
        answered += 1;
        if (answered < count) return;
        agent.destroy();
        resolve(sentAll);
      };
      const headers = { 'content-type': contentType, 'content-length': length };
      const post = request({ host: '127.0.0.1', port, path, method: 'POST', agent, headers }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('error', () => finish(0, undefined, 'broke off'));
        answer.on('end', () =>
          finish(answer.statusCode ?? 0, answer.headers['retry-after'], Buffer.concat(chunks).toString()),
        );
      });
      post.on('error', (error) => finish(0, undefined, error.message));
      for (const piece of pieces) post.write(piece);
      post.end();
    };

    const tick = () => {
      while (next < count && dueAt(next) <= performance.now()) one(next++);
      if (next < count) setTimeout(tick, 1);
      else sentAll = (performance.now() - start) / 1000;
    };
    tick();
  });
}

/** Value below which the share of them lies; they must be sorted. */
export function percentile(sorted: readonly number[], share: number): number {
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  if (value === undefined) throw new Error('a percentile of nothing');
  return value;
}
