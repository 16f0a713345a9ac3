import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { exportControl } from '../export-kills/control.ts';
import { exportKills, type KillsRun, problemsOf } from '../export-kills/run.ts';
import { openPinnedLog, type PinnedLog } from '../support/pinned-log.ts';

const KILLS = 2;
const RATE = { batches: 4, events: 5, everyMs: 300 };

/** The short form of `npm run test:long -- exports`; the broker is shared with other suites and therefore not killed here. */
describe('exporters and their targets, killed under load', () => {
  const seed = Number(process.env.DDC_SEED ?? Date.now() % 2 ** 31);
  let log: PinnedLog;

  beforeAll(async () => {
    log = await openPinnedLog('export-kills', 2);
  }, 120_000);
  afterAll(() => log?.close());

  it('lose no row, double none, and show nothing again that was erased or removed', async () => {
    const sinks = ['parquet', 'postgres'];
    const told: string[] = [];
    const plan = { sinks, kills: KILLS, seed, rate: RATE, broker: null, withinMs: 120_000, takeBackMs: [3_000, 3_000] };
    const runs: KillsRun[] = await exportKills(log, { ...plan, say: (text) => void told.push(text) });
    const problems = runs.flatMap((run) => problemsOf(run, KILLS, false));
    expect({ seed, problems, told: problems.length > 0 ? told : [] }).toEqual({ seed, problems: [], told: [] });
    expect(runs.map(({ sink, rows }) => [sink, rows > 100])).toEqual(sinks.map((sink) => [sink, true]));
    // Longer than what it waits for itself, which then says what stands still.
  }, 360_000);

  it('control: with positions in Kafka instead of the output the same count finds doubles', async () => {
    const own = await openPinnedLog('export-control', 2);
    try {
      const verdict = await exportControl(own, { sink: 'postgres', kills: 2, rate: RATE, seed });
      expect(verdict).toMatchObject({ lost: 0, back: 0, strange: 0 });
      expect({ seed, doubled: verdict.doubled }).not.toEqual({ seed, doubled: 0 });
    } finally {
      await own.close();
    }
  }, 180_000);
});
