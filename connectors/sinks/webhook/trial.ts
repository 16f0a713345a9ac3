import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { SinkTrial } from '../../../services/pipeline/define-sink.ts';
import { sessionMarkOf } from '../../../services/pipeline/rules/removal.ts';
import { seenLine } from '../json/row-line.ts';

/** What every order says, and what each kind of removal adds. */
interface Order {
  readonly app: string;
  readonly wallet: string;
  readonly issued_at: string;
  readonly before_origin?: number | null;
  readonly events?: readonly string[];
  readonly from?: number;
  readonly to?: number;
  readonly session_sha256?: string;
}

type Name =
  | 'app'
  | 'wallet'
  | 'batch_id'
  | 'event_id'
  | 'session'
  | 'time'
  | 'issued_at'
  | 'origin'
  | 'slot'
  | 'partition';
type Text = Readonly<Record<Name, string>>;

function selects(order: Order, row: Text): boolean {
  if (row.app !== order.app || row.wallet !== order.wallet) return false;
  if (order.before_origin !== undefined) return Number(row.origin) < (order.before_origin ?? Number.POSITIVE_INFINITY);
  if (Date.parse(row.issued_at) > Date.parse(order.issued_at)) return false;
  if (order.events) return order.events.includes(row.event_id);
  if (order.from !== undefined) return order.from <= Date.parse(row.time) && Date.parse(row.time) < (order.to ?? 0);
  return row.session !== null && sessionMarkOf(row, row.session) === order.session_sha256;
}

async function linesOf(request: IncomingMessage): Promise<string[]> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const lines = Buffer.concat(chunks).toString('utf8').split('\n');
  return lines.filter((line) => line !== '');
}

/** A receiver that does what receivers have to: a row is one, however often it comes; orders are followed and counted. */
export async function webhookTrial(scratch: string): Promise<SinkTrial> {
  const rows = new Map<string, { readonly line: string; readonly row: Text }>();

  function follow(order: Order): number {
    let deleted = 0;
    for (const [name, { row }] of rows) if (selects(order, row) && rows.delete(name)) deleted += 1;
    return deleted;
  }

  const server = createServer(async (request, response) => {
    const lines = await linesOf(request);
    const kind = request.headers['ddc-message'];
    if (kind === 'rows') {
      for (const line of lines) {
        const { row } = JSON.parse(line) as { readonly row: Text };
        rows.set(`${row.partition}/${row.batch_id}/${row.slot}`, { line, row });
      }
    }
    const deleted = kind === 'erase' || kind === 'remove' ? lines.map((line) => follow(JSON.parse(line) as Order)) : [];
    response.end(JSON.stringify({ deleted }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    early: true,
    blind: true,
    context: { privateTargets: ['127.0.0.1'] },
    config: {
      url: `http://127.0.0.1:${port}/rows`,
      secret: `whsec_${Buffer.alloc(32, 7).toString('base64')}`,
      folder: scratch,
    },
    rows: async (tables) => [...rows.values()].map(({ line }) => seenLine(line, tables)),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
