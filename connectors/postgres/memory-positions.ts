import { FatalError } from '../../services/pipeline/errors.ts';
import {
  type Position,
  type Positions,
  START,
  type Stage,
  samePosition,
} from '../../services/pipeline/ports/positions.ts';
import { repaired } from '../../services/pipeline/rules/repair.ts';

interface Row {
  log: string;
  position: Position;
}

/** Tables `positions`, `crashes` and `parked` in memory; share one between the instances that share a database. */
export class PositionTables {
  readonly rows = new Map<string, Row>();
  readonly crashes = new Map<string, { next: number; n: number }>();
  readonly parked = new Set<string>();
}

/**
 * Twin of the Postgres end.
 * @param log id of the log that the offsets belong to, hex
 */
export function memoryPositions(log: string, tables = new PositionTables()): Positions {
  const row = (stage: Stage, partition: number): Row => {
    const key = `${stage}/${partition}`;
    let found = tables.rows.get(key);
    if (!found) {
      found = { log, position: START };
      tables.rows.set(key, found);
    }
    if (found.log !== log) {
      throw new FatalError(
        'another_log',
        `The row of ${stage}, partition ${partition}, belongs to log ${found.log}, not to ${log}: offsets mean nothing across logs. Use the database of this log, or drain and start a new one.`,
      );
    }
    return found;
  };
  return {
    load: async (stage, partition) => row(stage, partition).position,
    async compareAndSet(stage, partition, from, to) {
      const found = row(stage, partition);
      if (!samePosition(found.position, from)) return false;
      found.position = to;
      return true;
    },
    async repair(upstream, partition, mark) {
      const found = row(upstream, partition);
      const lowered = repaired(upstream, found.position, mark);
      if (lowered) found.position = lowered;
      return lowered !== null;
    },
    async countCrash(stage, partition, next) {
      const key = `${stage}/${partition}`;
      const before = tables.crashes.get(key);
      const n = before?.next === next ? before.n + 1 : 1;
      tables.crashes.set(key, { next, n });
      return n;
    },
    async crashes(stage, partition, next) {
      const found = tables.crashes.get(`${stage}/${partition}`);
      return found?.next === next ? found.n : 0;
    },
    crashPlace: async (stage, partition) => tables.crashes.get(`${stage}/${partition}`)?.next ?? null,
    async forgetCrashes(stage, partition, next) {
      const key = `${stage}/${partition}`;
      if (tables.crashes.get(key)?.next === next) tables.crashes.delete(key);
    },
    async park(stage, partition, next) {
      tables.parked.add(`${stage}/${partition}/${next}`);
    },
    parked: async (stage, partition, next) => tables.parked.has(`${stage}/${partition}/${next}`),
  };
}
