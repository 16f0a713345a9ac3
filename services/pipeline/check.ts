import { hasPassed } from './clock.ts';
import type { Lane, LaneEdges } from './lane.ts';
import { PACE } from './lane.ts';
import type { PartitionInput } from './ports/log.ts';
import type { Position } from './ports/positions.ts';
import { checkVerdict, type Sample } from './rules/check.ts';

/** What stands before a lane, and what to do when it claims more than arrived. */
export interface Upstream {
  readonly stage: 'encryptor' | 'pinner';
  readonly onBehind: 'repair' | 'alarm';
}

/** The check of one lane: call `step` between polls, `forget` after a reload. */
export interface Check {
  step(judged: Position): Promise<void>;
  forget(): void;
}

/** @param beforeRepair told the mark that upstream is set back to; looks whether retention allows it */
export function openCheck(
  upstream: Upstream,
  lane: Lane,
  edges: LaneEdges,
  input: PartitionInput,
  beforeRepair: (mine: number) => Promise<void> = async () => undefined,
): Check {
  const { positions, clock, signals, rules } = edges;
  const { checkMs } = edges.pace ?? PACE;
  const { partition } = lane;
  let sample: Sample | null = null;
  let sampledAt = clock.now();

  return {
    forget: () => {
      sample = null;
    },
    async step(judged) {
      if (!rules.check) return;
      if (sample === null) {
        if (!hasPassed(checkMs, sampledAt, clock.now())) return;
        const { mark } = await lane.retry('check', () => positions.load(upstream.stage, partition));
        const end = await lane.retry('check', () => input.endOffset());
        sample = { mark, end };
        sampledAt = clock.now();
        signals.gauge('lag', partition, Math.max(0, end - judged.next));
      }
      const verdict = checkVerdict(sample, judged);
      if (verdict === 'wait') return;
      if (verdict === 'behind') {
        signals.emit('behind', { partition, upstream: upstream.stage, theirs: sample.mark, mine: judged.mark });
        if (upstream.onBehind === 'repair' && rules.repair) {
          await beforeRepair(judged.mark);
          const lowered = await lane.retry('repair', () => positions.repair(upstream.stage, partition, judged.mark));
          if (lowered) signals.emit('repaired', { partition, upstream: upstream.stage, mark: judged.mark });
        }
      }
      sample = null;
    },
  };
}
