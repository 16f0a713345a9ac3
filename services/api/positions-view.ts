import type { IndexStore } from '../pipeline/ports/index-store.ts';
import type { Position, Positions, Stage } from '../pipeline/ports/positions.ts';

const STAGES: readonly Stage[] = ['encryptor', 'pinner', 'indexer', 'settler'];

export interface PartitionPositions {
  readonly partition: number;
  readonly stages: Readonly<Record<Stage, Position>>;
  /** Where a reader may start in the middle. */
  readonly checkpoints: readonly Position[];
}

/** How far each stage is, per partition, and the starts that a new reader of `pinned` may take. */
export async function positionsView(deps: {
  readonly positions: Pick<Positions, 'load'>;
  readonly index: Pick<IndexStore, 'checkpoints'>;
  readonly partitions: number;
}): Promise<{ partitions: PartitionPositions[] }> {
  const partitions = await Promise.all(
    Array.from({ length: deps.partitions }, async (_, partition) => {
      const rows = await Promise.all(
        STAGES.map(async (stage) => [stage, await deps.positions.load(stage, partition)] as const),
      );
      const checkpoints = await deps.index.checkpoints(partition);
      return { partition, stages: Object.fromEntries(rows) as Record<Stage, Position>, checkpoints };
    }),
  );
  return { partitions };
}
