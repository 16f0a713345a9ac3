import { median } from './median.ts';

export interface Contender {
  name: string;
  run(): void;
  /** Before each measurement. */
  prepare?(): void;
}

export interface Compared {
  name: string;
  /** Median µs of CPU of one run: what other processes do on the machine counts little. */
  us: number;
  /** Median over the rounds of its time by the first contender's: above 1, the first is faster. */
  ratio: number;
}

/** CPU time of one measurement, roughly. */
const SLICE_US = 40_000;

function cpu(calls: number, run: () => void): number {
  const start = process.cpuUsage();
  for (let i = 0; i < calls; i++) run();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / calls;
}

/** Measures contenders in turns, so that a slow moment hits all of them. One answer each, in order. */
export function compare(contenders: readonly Contender[], rounds: number): Compared[] {
  const calls = contenders.map(({ run, prepare }) => {
    prepare?.();
    cpu(100, run);
    return Math.max(1, Math.floor(SLICE_US / Math.max(0.5, cpu(100, run))));
  });
  const times = contenders.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    contenders.forEach(({ run, prepare }, i) => {
      prepare?.();
      times[i]?.push(cpu(calls[i] as number, run));
    });
  }
  const [first] = times as [number[]];
  return contenders.map(({ name }, i) => {
    const own = times[i] as number[];
    return { name, us: median(own), ratio: median(own.map((time, round) => time / (first[round] as number))) };
  });
}

/** Median µs of CPU of one run. */
export const measure = (run: () => void, rounds: number): number =>
  (compare([{ name: '', run }], rounds)[0] as Compared).us;
