import type { Positions } from '../services/pipeline/ports/positions.ts';
import { type Kept, type PastTrimmed, pastTrimmed } from '../services/pipeline/rules/trimmed.ts';

export interface Repair {
  readonly upstream: 'encryptor' | 'pinner';
  readonly lowered: boolean;
  /** The mark of the stage after it, to which upstream was compared. */
  readonly mark: number;
}

/**
 * `ddc repair`: for one partition, sets the pinner back to the indexer's mark and the encryptor to the pinner's. The same statement
 * as the stages' own repair, idempotent; what is emitted again is skipped by whoever has it.
 */
export async function repairPartition(positions: Positions, partition: number): Promise<Repair[]> {
  const repairs: Repair[] = [];
  for (const [upstream, downstream] of [
    ['pinner', 'indexer'],
    ['encryptor', 'pinner'],
  ] as const) {
    const { mark } = await positions.load(downstream, partition);
    repairs.push({ upstream, mark, lowered: await positions.repair(upstream, partition, mark) });
  }
  return repairs;
}

export interface Skip {
  readonly stage: 'pinner' | 'indexer';
  readonly outcome: PastTrimmed;
}

/**
 * `ddc repair --skip-trimmed`: for one partition, lets pinner and indexer go on at the first record that their input still holds, where
 * retention has passed their place and `received` holds all that is missing. May run beside the rooms: one that waits takes the row up.
 * @param keptFor what retention has left for this stage
 */
export async function skipTrimmed(
  positions: Positions,
  partition: number,
  keptFor: (stage: Skip['stage']) => Promise<Kept>,
): Promise<Skip[]> {
  const skips: Skip[] = [];
  for (const stage of ['pinner', 'indexer'] as const) {
    for (;;) {
      const row = await positions.load(stage, partition);
      const outcome = pastTrimmed(row, await keptFor(stage));
      // Moved by its room meanwhile: look again.
      if (outcome.kind === 'move' && !(await positions.compareAndSet(stage, partition, row, outcome.to))) continue;
      skips.push({ stage, outcome });
      break;
    }
  }
  return skips;
}
