import type { Removal } from '../../../schemas/index.ts';
import type { Codec } from '../../pipeline/ports/codec.ts';
import type { NamedErasure } from '../../pipeline/ports/erasures.ts';
import type { LogHistory } from '../../pipeline/ports/log.ts';
import type { Reapplied, RemovalHistory } from '../../pipeline/ports/removals.ts';

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
 * Takes the log of removals into the database: after a restore to a point before an erasure, the erasure is there again before
 * anything can be opened. Costs one question where there is nothing new.
 * @param from where to begin; by default where this database has stopped
 */
export async function reapplyRemovals(edges: ReapplyEdges, from?: number): Promise<Reapplied & { read: number }> {
  const { log, topic, codec, history, now } = edges;
  const done = { read: 0, removals: 0, roots: 0 };
  let page: NamedErasure[] = [];
  let next = from ?? (await history.next());
  const take = async () => {
    const { removals, roots } = await history.take(page, next, now());
    done.removals += removals;
    done.roots += roots;
    page = [];
  };
  for await (const { offset, value } of log.readFrom(topic, 0, next)) {
    const { kind, ...erasure } = codec.decode(value);
    done.read += 1;
    next = offset + 1;
    // Events that were removed overwrite no root.
    if (kind === 'erase') page.push(erasure);
    if (page.length === PAGE) await take();
  }
  if (done.read > 0) await take();
  return done;
}
