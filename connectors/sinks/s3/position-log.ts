import { z } from 'zod';
import { START } from '../../../services/pipeline/ports/positions.ts';
import type { Delivery } from '../../../services/pipeline/ports/sink.ts';
import { BOOKS } from '../folder/layout.ts';
import { type Change, changeLog, changeSchema } from './change.ts';
import { numberedLog } from './numbered.ts';
import type { ObjectStore } from './store.ts';

const position = z.object({ next: z.number().int(), mark: z.number().int() });

/** One delivery that counts: its position and its files, in one object. */
const commitSchema = changeSchema.extend({
  from: position,
  to: position,
  first: z.number().int(),
  last: z.number().int(),
  rows: z.number().int(),
});
export type Commit = z.infer<typeof commitSchema>;

/** What a commit brings. */
export interface Brought {
  readonly rows: number;
  readonly files: Change['files'];
}

/** What the next delivery of a partition is measured by. */
export interface Head {
  readonly number: number;
  readonly entry: Commit | null;
}

/** The deliveries of one partition. */
export interface PositionLog {
  /** The last commit, its files in place. There is one from now on: an erasure that comes later finds the partition. */
  begin(): Promise<Head>;
  head(): Promise<Head>;
  /** @returns false when somebody else took the number after `head` */
  commit(
    head: Head,
    delivery: Delivery,
    stage: (staging: string) => Promise<Brought>,
    decided: () => unknown,
  ): Promise<boolean>;
  /** Takes the next number with a commit that moves nothing: whatever was staged for it, by whomever, can never count, and is deleted. */
  bar(): Promise<void>;
  sweep(): Promise<void>;
}

const NOTHING: Brought = { rows: 0, files: [] };

export function positionLog(store: ObjectStore, partition: number, unique: () => Promise<string>): PositionLog {
  const folder = `${BOOKS}/${partition}`;
  const log = changeLog(store, folder, numberedLog(store, folder, commitSchema), unique);

  const commit: PositionLog['commit'] = ({ number }, { from, to, first, last }, stage, decided) =>
    log.make(number + 1, async (staging) => ({ from, to, first, last, drops: [], ...(await stage(staging)) }), decided);

  async function bar(): Promise<void> {
    for (;;) {
      const head = await log.head();
      // It tells the same delivery again: whoever repeats that one is still told that it is there.
      const again = head.entry ?? { from: START, to: START, first: 0, last: -1 };
      if (
        await commit(
          head,
          { ...again, partition },
          async () => NOTHING,
          () => {},
        )
      )
        return;
    }
  }

  return {
    async begin() {
      const head = await log.head();
      if (head.entry) return head;
      await bar();
      return log.head();
    },
    head: () => log.head(),
    commit,
    async bar() {
      await bar();
      await log.sweep();
    },
    sweep: () => log.sweep(),
  };
}
