import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { SinkContext } from '../../../services/pipeline/define-sink.ts';
import { START, samePosition } from '../../../services/pipeline/ports/positions.ts';
import type {
  Delivery,
  ExportRow,
  KeepRows,
  RowOwner,
  RowSelection,
  Sink,
} from '../../../services/pipeline/ports/sink.ts';
import { ownerCounts } from '../erased-owner.ts';
import { claim } from '../folder/claim.ts';
import { eraseLock } from '../folder/erase-lock.ts';
import { erasureBook } from '../folder/erasure-book.ts';
import { BOOKS } from '../folder/layout.ts';
import { toSinkError } from '../folder/weather.ts';
import { rowLines } from '../json/row-line.ts';
import { weatherproof } from '../weatherproof.ts';
import { deliveryName, eraseLine, type MessageLimits, messagesOf, removeLine } from './messages.ts';
import type { Post } from './post.ts';
import { type PartitionState, partitionStates } from './state.ts';

export interface WebhookTarget {
  /** Folder of the positions. */
  readonly folder: string;
  readonly limits: MessageLimits;
  readonly post: Post;
}

/** Orders are never one to a message: there may be tens of thousands. */
const ORDERS: MessageLimits = { rows: 1_000, bytes: 256 * 1024 };

class Overtaken extends Error {}

/** Rows are posted, then their position is noted: whoever dies in between posts them again, under the same ids. */
export function webhookSink(
  { folder: root, limits, post }: WebhookTarget,
  { log: logId, name, reach = () => {} }: SinkContext,
): Sink {
  const partitions = partitionStates(root, reach);
  const book = erasureBook(root);
  const lock = eraseLock(root, reach);

  /** @returns null when somebody else took the place: then where it stands says what that means */
  async function tryPut({ log }: PartitionState, rows: readonly ExportRow[], delivery: Delivery, keep: KeepRows) {
    const { number, commit } = await log.head();
    if (commit && samePosition(commit.from, delivery.from) && samePosition(commit.to, delivery.to)) return true;
    if (!samePosition(commit?.to ?? START, delivery.from)) return false;
    // Asked after the place is known: an erasure or removal that is not known yet takes it.
    const kept = await keep(await book.spared(rows));
    const won = await log.commit(number + 1, delivery, async () => {
      await reach('staged');
      for (const message of messagesOf('rows', deliveryName(name, delivery), rowLines(kept), limits)) {
        // As late as can be: a process that slept up to here posts nothing any more.
        if ((await log.head()).number !== number) throw new Overtaken();
        await post(message);
      }
      return { rows: kept.length, files: [] };
    });
    return won || null;
  }

  async function put(rows: readonly ExportRow[], delivery: Delivery, keep: KeepRows = async (all) => all) {
    const state = await partitions.of(delivery.partition);
    for (;;) {
      const moved = await state.lock.hold(() => tryPut(state, rows, delivery, keep));
      if (moved !== null) return moved;
    }
  }

  /** What anybody has in hand can be posted no more, and what is being posted has been. */
  async function bar(): Promise<void> {
    for (const { log, lock: delivering } of await partitions.all()) await delivering.hold(() => log.bar());
  }

  async function order(kind: 'erase' | 'remove', lines: readonly string[]): Promise<number[]> {
    const counts: number[] = [];
    await reach('drafted');
    for (const message of messagesOf(kind, `${name}/${kind}`, lines, ORDERS)) {
      const orders = message.body.filter((byte) => byte === 0x0a).length;
      const deleted = deletedIn(await post(message));
      for (let i = 0; i < orders; i += 1) counts.push(deleted[i] ?? 0);
    }
    await reach('rewritten');
    return counts;
  }

  const sink: Sink = {
    async check() {
      await mkdir(join(root, BOOKS), { recursive: true });
      await claim(root, { log: logId, name });
      await partitions.sweep();
      await post({ kind: 'ping', id: `${name}/ping`, type: 'application/json', body: Buffer.from('{}') });
    },
    put,
    position: async (partition) => (await (await partitions.of(partition)).log.head()).commit?.to ?? START,
    async erase(owners: readonly RowOwner[]) {
      const { counts, add } = ownerCounts(owners);
      if ((await book.due(owners)).length === 0) return counts;
      await lock.hold(async (drafts) => {
        const due = await book.due(owners);
        // In this order: who asks after it was noted leaves these rows out, and whoever asked before loses the place.
        await book.note(due, false, drafts);
        await bar();
        const deleted = await order('erase', due.map(eraseLine));
        for (const [i, owner] of due.entries()) add(owner, deleted[i] ?? 0);
        await book.note(due, true, drafts);
      });
      return counts;
    },
    async remove(selections: readonly RowSelection[]) {
      if (selections.length === 0) return [];
      return lock.hold(async () => {
        await bar();
        return order('remove', selections.map(removeLine));
      });
    },
    async close() {},
  };
  return weatherproof(sink, (error) => toSinkError(error, root));
}

/** `{"deleted": [3, 0, …]}`, a number for each order; whoever does not count says nothing. */
function deletedIn(text: string): number[] {
  try {
    const { deleted } = JSON.parse(text) as { readonly deleted?: unknown };
    return Array.isArray(deleted) ? deleted.map((n) => (Number.isSafeInteger(n) && n > 0 ? Number(n) : 0)) : [];
  } catch {
    return [];
  }
}
