import { withExports } from '../../cli/exports/edges.ts';
import { checkText, isAmiss, verifyErasures } from '../../cli/exports/verify-erasure.ts';
import { toHex } from '../../protocol/index.ts';
import type { ErasureCheck } from '../../services/exporter/verify/report.ts';
import { postAll } from '../support/posting.ts';
import { erase, type Order, receiptOf, remove } from './orders.ts';
import { leftIn, type ReadFigures, readAll, shownFigures, unlike } from './read-all.ts';
import { readers } from './readers/index.ts';
import type { Reader } from './readers/reader.ts';
import type { SourceWallet } from './source.ts';
import type { FlowWorld } from './world.ts';

export interface FlowOptions {
  readonly events: number;
  readonly eventsOfBatch: number;
  /** Wallets that are erased in the middle of it, and events that others remove. */
  readonly erased: number;
  readonly removed: number;
  readonly patienceMs: number;
  /** Further tools, for the end of it. */
  readonly engines?: readonly Reader[];
  readonly say: (line: string) => void;
}

export interface FlowReport {
  readonly events: number;
  readonly erasedRows: number;
  readonly removedRows: number;
  readonly orders: number;
  /** Wallets that were erased. */
  readonly erased: readonly { readonly app: string; readonly wallet: string }[];
  /** Seconds from the first batch until every export had everything that came before the orders. */
  readonly firstSeconds: number;
  readonly figures: readonly ReadFigures[];
  /** What was not as it must be, in words. */
  readonly problems: readonly string[];
  readonly verified: readonly ErasureCheck[];
}

/** Of the events, those that come before anybody asks for anything to be deleted. */
const BEFORE = 0.6;
/** So many wallets share the removing. */
const REMOVING = 20;

/**
 * Events into all outputs at once; in the middle of it wallets are erased and events removed while others go on writing. Then what every
 * output holds is held against the source, by the tools that data teams read it with.
 */
export async function runFlow(world: FlowWorld, options: FlowOptions): Promise<FlowReport> {
  const { source, exports, it } = world;
  const { events, eventsOfBatch, patienceMs, say } = options;
  const before = Math.round(events * BEFORE);
  const began = performance.now();
  const send = async (wallets: readonly SourceWallet[], count: number, phase: number) => {
    for (let left = count, i = 0; left > 0; ) {
      const bodies: Uint8Array[] = [];
      for (; left > 0 && bodies.length < 64; i += 1) {
        const size = Math.min(eventsOfBatch, left);
        bodies.push(source.write(wallets[i % wallets.length] as SourceWallet, size, phase));
        left -= size;
      }
      await postAll(it.deployment.api, bodies);
    }
  };
  await send(source.wallets, before, 0);
  say(`${before} events are accepted`);
  await world.drained();
  const firstSeconds = Math.round((performance.now() - began) / 100) / 10;
  say(`${before} events are in ${exports.length} exports, ${firstSeconds} s`);

  // Of each app in turn.
  const every = Math.max(1, Math.floor(source.wallets.length / (options.erased + REMOVING)));
  const chosen = source.wallets.filter((_, i) => i % every === 0);
  const erasing = chosen.slice(0, options.erased);
  const removing = chosen.slice(options.erased, options.erased + REMOVING);
  const writing = source.wallets.filter((wallet) => !erasing.includes(wallet));
  const orders: Order[] = [];
  const order = async () => {
    for (const wallet of erasing) orders.push(await erase(world, wallet));
    let left = options.removed;
    for (const [i, wallet] of removing.entries()) {
      const one = await remove(world, wallet, Math.ceil(left / (removing.length - i)), i < 2 ? i + 1 : 0);
      orders.push(one);
      // A session has fewer than were asked for: the next ones remove more.
      left -= one.rows;
    }
  };
  await Promise.all([send(writing, events - before, 1), order()]);
  say(`${events} events are accepted, ${orders.length} erasures and removals are asked for`);
  const problems: string[] = [];
  for (const one of orders)
    problems.push(...(await receiptOf(world.clientOf(one.wallet.app), world, exports, one, patienceMs)));
  say('every erasure and removal has its receipt');
  for (const row of leftIn(source, await readAll(exports, say))) problems.push(`left after its receipt: ${row}`);
  await world.drained();
  const reads = await readAll(exports, say, [...readers, ...(options.engines ?? [])]);
  problems.push(...leftIn(source, reads).map((row) => `left: ${row}`), ...unlike(source, reads));

  const verified: ErasureCheck[] = [];
  await withExports(async (edges) => {
    for await (const check of verifyErasures(edges, {}, {})) verified.push(check);
  });
  problems.push(...verified.filter(isAmiss).map((check) => `verify-erasure: ${checkText(check)}`));
  for (const { name, output } of exports) {
    const wanted = output.sink === 'webhook' ? 'told' : 'clean';
    const check = verified.find((one) => one.name === name);
    if (check?.outcome !== wanted) problems.push(`verify-erasure says of ${name}: ${check?.outcome}, not ${wanted}`);
    const rows = check?.tables.reduce((sum, table) => sum + table.rows, 0) ?? 0;
    const read = reads.find((one) => one.export === name)?.answer.rows.length;
    if (wanted === 'clean' && rows !== read) problems.push(`verify-erasure read ${rows} rows of ${name}, not ${read}`);
  }
  const rowsOf = (kind: Order['kind']) =>
    orders.filter((one) => one.kind === kind).reduce((sum, { rows }) => sum + rows, 0);
  return {
    erased: erasing.map(({ app, account }) => ({ app, wallet: toHex(account.publicKey) })),
    ...{ events, orders: orders.length, firstSeconds, problems, verified },
    ...{ erasedRows: rowsOf('erasure'), removedRows: rowsOf('removal'), figures: shownFigures(reads) },
  };
}
