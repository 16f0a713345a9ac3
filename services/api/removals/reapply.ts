import type { Removal } from '../../../schemas/index.ts';
import type { Codec } from '../../pipeline/ports/codec.ts';
import type { NamedErasure } from '../../pipeline/ports/erasures.ts';
import type { LogHistory } from '../../pipeline/ports/log.ts';
import type { NamedRemove, Reapplied, RemovalHistory } from '../../pipeline/ports/removals.ts';
import { removeOf } from './removal-record.ts';

export interface ReapplyEdges {
  readonly log: LogHistory;
  /** Full name of `ddc.removals.requested`, which has one partition. */
  readonly topic: string;
  readonly codec: Pick<Codec<Removal>, 'decode'>;
  readonly history: RemovalHistory;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

const PAGE = 500;

/**
 * Takes the log of removals into the database: after a restore to a point before a removal, the removal is there again before
 * anything can be opened. Costs one question where there is nothing new.
 * @param from where to begin; by default where this database has stopped
 */
export async function reapplyRemovals(edges: ReapplyEdges, from?: number): Promise<Reapplied & { read: number }> {
  const { log, topic, codec, history, now } = edges;
  const done = { read: 0, removals: 0, roots: 0 };
  let page: NamedErasure[] = [];
  let removes: NamedRemove[] = [];
  let next = from ?? (await history.next());
  const take = async () => {
    // First what does not say that the page is taken.
    if (removes.length > 0) done.removals += await history.takeRemoves(removes, now());
    const { removals, roots } = await history.take(page, next, now());
    done.removals += removals;
    done.roots += roots;
    page = [];
    removes = [];
  };
  for await (const { offset, value } of log.readFrom(topic, 0, next)) {
    const record = codec.decode(value);
    done.read += 1;
    next = offset + 1;
    const { kind, selector: _, ...erasure } = record;
    const remove = removeOf(record);
    if (kind === 'erase') page.push(erasure);
    else if (remove) removes.push(remove);
    if (page.length + removes.length >= PAGE) await take();
  }
  if (done.read > 0) await take();
  return done;
}
