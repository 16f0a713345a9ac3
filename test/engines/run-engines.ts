import { type Figures, figuresOf } from './figures.ts';
import { enginesWorld } from './world.ts';

export interface EnginesVerdict {
  readonly rows: number;
  readonly removed: number;
  /** Where an engine does not have what the source has, with both, and controls that show nothing. */
  readonly wrong: readonly unknown[];
  readonly seconds: Readonly<Record<string, number>>;
}

/**
 * Rows through the real sinks, read by each engine as `examples/` says: as they were written; after the workers were killed while more came,
 * and a removal and an erasure; and once more after that.
 * @param count rows at first; half as many come each time
 */
export async function runEngines(count: number): Promise<EnginesVerdict> {
  const world = await enginesWorld(count);
  const { source, jdbc, lake, spark } = world;
  const wrong: unknown[] = [];
  const seconds: Record<string, number> = {};

  async function look(when: string, ways: Readonly<Record<string, () => Promise<Figures>>>): Promise<void> {
    for (const [way, work] of Object.entries(ways)) {
      const from = performance.now();
      const figures = await work();
      const name = `${when}: ${way}`;
      seconds[name] = Math.round((performance.now() - from) / 100) / 10;
      const expected = figuresOf(source.rows(), way === 'jdbc');
      const right = Object.entries(expected).every(([figure, value]) => figures[figure as keyof Figures] === value);
      process.stderr.write(`${name}: ${right ? 'equal' : 'DIFFERS'}, ${figures.count} rows, ${seconds[name]} s\n`);
      if (!right) wrong.push({ when, way, figures, expected });
    }
  }
  const control = (when: string, shown: unknown, expected: boolean) => {
    if (!expected) wrong.push({ when, shown });
  };

  const connect = {
    jdbc: () => jdbc.figures(source.rows().length),
    async lake() {
      await lake.reached(source.rows().length);
      return spark.lake();
    },
  };
  try {
    await look('written', { ...spark, ...connect });

    await Promise.all([jdbc.restart(), lake.restart(), source.write(count / 2)]);
    const all = source.rows().length;
    const uncommitted = await world.uncommitted();
    control('rows of a delivery that failed', { uncommitted, all }, uncommitted > all);
    await lake.reached(all);
    await source.remove();
    const removed = all - source.rows().length;
    const kept = { rows: (await spark.lake()).count, erased: await world.erasedInLake() };
    control('the sink of Iceberg deletes nothing', kept, kept.rows === String(all) && kept.erased > 0);
    const deleted = await world.removeFromLake();
    if (deleted !== removed) wrong.push({ when: 'deleted from Iceberg', deleted, removed });
    await look('removed', { ...spark, ...connect });
    const left = await world.erasedInLake();
    if (left > 0) wrong.push({ when: 'left in files of Iceberg', left });

    await Promise.all([lake.restart(), source.write(count / 2)]);
    await look('written later', connect);
    return { rows: source.rows().length, removed, wrong, seconds };
  } finally {
    await world.close();
  }
}
