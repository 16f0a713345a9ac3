import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { seenLine } from '../../connectors/sinks/json/row-line.ts';
import type { SeenRow } from '../../services/pipeline/define-sink.ts';
import type { Table } from '../../services/pipeline/ports/table.ts';

/** Somebody's server behind a webhook, that may ask to be left alone. A row is one, however often it comes. */
export interface LimitedReceiver {
  readonly url: string;
  /** Null: it takes what it is sent. Otherwise it answers 429, with so many seconds in `Retry-After`. */
  retryAfter: number | null;
  rows(tables: readonly Table[]): SeenRow[];
  close(): void;
}

export async function startLimitedReceiver(): Promise<LimitedReceiver> {
  const lines = new Map<string, string>();
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    if (receiver.retryAfter !== null) {
      response.writeHead(429, { 'retry-after': String(receiver.retryAfter) }).end();
      return;
    }
    if (request.headers['ddc-message'] === 'rows') {
      for (const line of Buffer.concat(chunks).toString('utf8').split('\n')) {
        if (line === '') continue;
        const { row } = JSON.parse(line) as { row: { partition: number; batch_id: string; slot: number } };
        lines.set(`${row.partition}/${row.batch_id}/${row.slot}`, line);
      }
    }
    response.end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const receiver: LimitedReceiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/rows`,
    retryAfter: null,
    rows: (tables) => [...lines.values()].map((line) => seenLine(line, tables)),
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
  return receiver;
}
