import { expect, it } from '@jest/globals';
import { exportTroubles, problemsOf } from '../export-troubles/run.ts';
import { troublesFor } from '../export-troubles/targets.ts';
import { canMount } from '../support/can-mount.ts';

/** The short form of `npm run test:long -- export-troubles`. */
it('exports in trouble say so in words, lose nothing, and hold up no other', async () => {
  const mountable = await canMount();
  const told: string[] = [];
  const verdict = await exportTroubles({
    ...{ troubles: troublesFor(mountable), canMount: mountable, withinMs: 90_000 },
    ...{ lastsMs: 4_000, retryAfter: 1, patienceMs: 1_000 },
    say: (text) => void told.push(text),
  });
  // Suites run beside it, so this is no measure of the lag, but of whether it grows.
  const problems = problemsOf(verdict, 15);
  expect({ problems, told: problems.length > 0 ? told : [] }).toEqual({ problems: [], told: [] });
  expect(verdict.rows).toBeGreaterThan(100);
}, 300_000);
