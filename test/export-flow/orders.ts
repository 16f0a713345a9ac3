import { fromHex, verifyReceipt } from '../../protocol/index.ts';
import type { DdcClient, RemovedSelection } from '../../sdk/js/index.ts';
import { eventually } from '../support/room-process.ts';
import type { SourceRow, SourceWallet } from './source.ts';
import type { FlowExport } from './targets.ts';
import type { FlowWorld } from './world.ts';

/** An erasure or removal that was asked for. */
export interface Order {
  readonly wallet: SourceWallet;
  readonly kind: 'erasure' | 'removal';
  readonly id: string;
  /** Rows that it takes out of each export of the app. */
  readonly rows: number;
}

export async function erase(world: FlowWorld, wallet: SourceWallet): Promise<Order> {
  const { id } = await world.clientOf(wallet.app).requests(wallet.account).erase();
  return { wallet, kind: 'erasure', id, rows: world.source.take(wallet, () => true) };
}

/** Ways to say which events: each wallet takes the next one. */
const WAYS: readonly ((rows: readonly SourceRow[]) => {
  readonly selection: RemovedSelection;
  readonly isGone: (row: SourceRow) => boolean;
})[] = [
  (rows) => {
    const ids = new Set(rows.map(({ eventId }) => eventId));
    return { selection: { events: [...ids] }, isGone: ({ eventId }) => ids.has(eventId) };
  },
  (rows) => {
    const session = rows.find((row) => row.session !== null)?.session ?? '';
    return { selection: { session }, isGone: (row) => row.session === session };
  },
  (rows) => {
    const times = rows.map(({ time }) => time).sort((a, b) => a - b);
    const [from = 0, to = 0] = [times[0], (times.at(-1) ?? 0) + 1];
    return { selection: { from, to }, isGone: ({ time }) => from <= time && time < to };
  },
];

/** Removes about so many of what a wallet wrote before anybody removed anything: by their ids, their session or their time. */
export async function remove(world: FlowWorld, wallet: SourceWallet, count: number, way: number): Promise<Order> {
  const written = world.source.rowsOf(wallet).filter(({ phase }) => phase === 0);
  const rows = [...written].sort((a, b) => a.time - b.time).slice(0, count);
  const said = (WAYS[way % WAYS.length] ?? WAYS[0])?.(rows);
  if (!said) throw new Error('no way to remove');
  const { id } = await world.clientOf(wallet.app).requests(wallet.account).remove(said.selection);
  return { wallet, kind: 'removal', id, rows: world.source.take(wallet, said.isGone) };
}

interface Stated {
  readonly kind: string;
  readonly stores?: Readonly<Record<string, string>>;
  readonly exports: {
    readonly applied: readonly { readonly name: string; readonly rows: number }[];
    readonly pending: readonly string[];
  };
}

/** Waits for the receipt in which no export is pending any more. @returns what in it is not as it must be, in words */
export async function receiptOf(
  client: DdcClient,
  world: Pick<FlowWorld, 'it'>,
  exports: readonly FlowExport[],
  { wallet, kind, id, rows }: Order,
  patienceMs: number,
): Promise<string[]> {
  const { network, api } = world.it.deployment;
  const { key } = (await (await fetch(`${api}/v1/receipt-key`)).json()) as { key: string };
  const stated = await eventually(
    `the receipt of ${kind} ${id}`,
    async () => {
      const { receipts } = await client.requests(wallet.account).removal(id);
      const last = receipts.at(-1);
      if (!last) return null;
      const said = verifyReceipt(last, { network, key: fromHex(key, 32) }) as unknown as Stated;
      return said.exports.pending.length === 0 ? said : null;
    },
    patienceMs,
  );
  const mine = exports.filter(({ app }) => app === wallet.app).map(({ name }) => name);
  const told = new Map(stated.exports.applied.map(({ name, rows: n }) => [name, n]));
  return mine.flatMap((name) => {
    const problems: string[] = [];
    if (told.get(name) !== rows) problems.push(`${kind} ${id}: ${name} says ${told.get(name)} rows, not ${rows}`);
    const state = stated.stores?.[`export:${name}`];
    if (kind === 'removal' && state !== 'removed') problems.push(`${kind} ${id}: ${name} is ${state}`);
    return problems;
  });
}
