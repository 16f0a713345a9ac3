import { fromHex } from '../../protocol/index.ts';
import type { JudgeSink } from '../../services/pipeline/exports/declare.ts';
import type { Exports } from '../../services/pipeline/ports/exports.ts';
import type { Replays } from '../../services/pipeline/ports/replays.ts';
import type { UntilsEdges } from '../../services/pipeline/replays/declare.ts';
import type { PlanEdges } from '../../services/pipeline/replays/plan.ts';
import { batchesPinned } from '../../topics/batches-pinned.ts';
import { partitionOf } from '../../topics/partition.ts';
import { withExports } from '../exports/edges.ts';

/** A deployment as the commands about replays see it. */
export interface ReplayDeployment extends PlanEdges, UntilsEdges {
  readonly replays: Replays;
  readonly exports: Exports;
  readonly judgeSink: JudgeSink;
}

/** Runs a command on the deployment that the environment names. @throws Error saying which variables to set */
export const withDeployment = <T>(use: (deployment: ReplayDeployment) => Promise<T>): Promise<T> =>
  withExports(({ exports, replays, declare, index, positions, log, named, partitions }) =>
    use({
      ...{ exports, index, positions, partitions, replays, judgeSink: declare.judgeSink },
      indexed: (partition) => positions.load('indexer', partition),
      firstKept: (partition) => log.firstOffset(named(batchesPinned).name, partition),
      partitionOf: (wallet) => partitionOf(fromHex(wallet, 32), partitions),
    }),
  );
