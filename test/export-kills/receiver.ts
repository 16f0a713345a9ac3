import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { seenLine } from '../../connectors/sinks/json/row-line.ts';
import type { SeenRow } from '../../services/pipeline/define-sink.ts';
import type { Table } from '../../services/pipeline/ports/table.ts';
import { nodeArguments } from '../../stack/built.ts';
import { freePort } from '../../stack/port.ts';
import { listens } from '../../stack/probe.ts';

interface Message {
  readonly id: string;
  readonly kind: 'ping' | 'rows' | 'erase' | 'remove';
  readonly body: string;
}

interface Order {
  readonly wallet: string;
  readonly before_origin?: number | null;
  readonly events?: readonly string[];
}

type Row = { readonly partition: number; readonly batch_id: string; readonly slot: number } & {
  readonly wallet: string;
  readonly event_id: string;
  readonly origin: number;
};

export interface Receiver {
  readonly url: string;
  restart(): Promise<void>;
  /** What whoever follows orders has, who takes a row that comes again for the same. @throws when a message came again under its id, and is another */
  rows(tables: readonly Table[]): Promise<SeenRow[]>;
  close(): Promise<void>;
}

const selects = (order: Order, row: Row): boolean =>
  order.wallet === row.wallet &&
  (order.events ? order.events.includes(row.event_id) : row.origin < (order.before_origin ?? Number.POSITIVE_INFINITY));

export async function startReceiver(): Promise<Receiver> {
  const folder = await mkdtemp(join(tmpdir(), 'ddc-receiver-'));
  const file = join(folder, 'messages');
  const port = await freePort();
  let child: ChildProcess;

  async function start(): Promise<void> {
    const args = [...nodeArguments('test/export-kills/receiver-main.ts'), String(port), file];
    child = spawn(process.execPath, args, { env: { ...process.env, NODE_OPTIONS: '' }, stdio: 'ignore' });
    while (!(await listens(port))) await pause(20);
  }

  async function kill(): Promise<void> {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  async function messages(): Promise<Message[]> {
    const lines = (await readFile(file, 'utf8')).split('\n');
    // The last line of a process that was killed may be half a line: it was not answered.
    return lines.flatMap((line) => {
      try {
        return [JSON.parse(line) as Message];
      } catch {
        return [];
      }
    });
  }

  await start();
  const endWithUs = () => child.kill('SIGKILL');
  process.once('exit', endWithUs);
  return {
    url: `http://127.0.0.1:${port}/rows`,
    async restart() {
      await kill();
      await start();
    },
    async rows(tables) {
      const ids = new Map<string, string>();
      const rows = new Map<string, { readonly line: string; readonly row: Row }>();
      for (const { id, kind, body } of await messages()) {
        if (kind === 'rows' && (ids.get(id) ?? body) !== body)
          throw new Error(`the message ${id} came again as another`);
        ids.set(id, body);
        const lines = body.split('\n').filter((line) => line !== '');
        if (kind === 'erase' || kind === 'remove') {
          const orders = lines.map((line) => JSON.parse(line) as Order);
          for (const [name, { row }] of rows) if (orders.some((order) => selects(order, row))) rows.delete(name);
        }
        if (kind !== 'rows') continue;
        for (const line of lines) {
          const { row } = JSON.parse(line) as { readonly row: Row };
          rows.set(`${row.partition}/${row.batch_id}/${row.slot}`, { line, row });
        }
      }
      return [...rows.values()].map(({ line }) => seenLine(line, tables));
    },
    async close() {
      process.off('exit', endWithUs);
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
