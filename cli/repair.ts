import type { Positions } from '../services/pipeline/ports/positions.ts';

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
