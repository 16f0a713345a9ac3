import { Command } from 'commander';
import { UsageError } from './crypto/outcome.ts';
import { wholeNumber } from './whole-number.ts';

interface BenchOptions {
  readonly rounds: number;
  readonly json: boolean;
  /** Small sizes: shows that it runs and roughly where it stands. */
  readonly quick: boolean;
}

/** Benchmarks by name; loaded only when run. */
const BENCHMARKS: Readonly<Record<string, () => Promise<{ bench(options: BenchOptions): Promise<void> }>>> = {
  api: () => import('../bench/api.ts'),
  crypto: () => import('../bench/crypto.ts'),
  export: () => import('../bench/export.ts'),
  ingest: () => import('../bench/ingest.ts'),
  pipeline: () => import('../bench/pipeline.ts'),
  verify: () => import('../bench/verify.ts'),
};

export const command = (): Command =>
  new Command('bench')
    .description(`measure: ${Object.keys(BENCHMARKS).join(', ')}`)
    .argument('<name>', 'which benchmark')
    .option('--rounds <n>', 'interleaved rounds, of which the median counts', wholeNumber(1), 5)
    .option('--quick', 'small sizes, where the benchmark has them (export)', false)
    .option('--json', 'last line of stdout is the result as JSON', false)
    .action(async (name: string, options: BenchOptions) => {
      const load = BENCHMARKS[name];
      if (!load)
        throw new UsageError(`There is no benchmark ${name}; there are ${Object.keys(BENCHMARKS).join(', ')}.`);
      await (await load()).bench(options);
    });
