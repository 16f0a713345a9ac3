import { describe, expect, it } from '@jest/globals';
import { ALL_RULES, type Rules, without } from '../../services/pipeline/rules/rules.ts';
import { runModel } from './run.ts';

const RUNS = Number(process.env.MODEL_RUNS ?? 20_000);
/** `MODEL_SEED=n` runs exactly that one; otherwise each test starts somewhere else. */
const ONE = process.env.MODEL_SEED === undefined ? null : Number(process.env.MODEL_SEED);
const BASE = ONE ?? Date.now() % 1_000_000_000;
const LONG = 1_800_000;

/** The first run that breaks a promise. */
async function firstViolation(rules: Rules, runs: number): Promise<{ after: number; told: string } | null> {
  for (let n = 0; n < runs; n += 1) {
    const { seed, violations } = await runModel(BASE + n, rules);
    if (violations.length > 0) return { after: n + 1, told: `MODEL_SEED=${seed}\n  ${violations.join('\n  ')}` };
  }
  return null;
}

describe('the corridor, by chance', () => {
  it(
    `keeps its promises through ${ONE === null ? RUNS : 1} runs of crashes, zombies, lies and lost answers`,
    async () => {
      const found = await firstViolation(ALL_RULES, ONE === null ? RUNS : 1);
      expect(found?.told ?? 'no violation').toBe('no violation');
    },
    LONG,
  );

  it('is the same run for the same seed', async () => {
    expect(await runModel(BASE)).toEqual(await runModel(BASE));
  });

  for (const rule of Object.keys(ALL_RULES) as (keyof Rules)[]) {
    it(
      `breaks a promise when the rule "${rule}" is taken away`,
      async () => {
        const found = await firstViolation(without(rule), 20_000);
        expect(found).not.toBeNull();
      },
      LONG,
    );
  }
});
