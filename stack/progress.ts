import { MultiBar, Presets, type SingleBar } from 'cli-progress';
import type { Progress } from './prepare.mjs';

export interface Display {
  readonly update: Progress;
  /** The part is done; the last thing shown for it. */
  done(part: string, state: string): void;
  stop(): void;
}

/** One line per part on a terminal, kept up to date; otherwise a plain line for each part that is done. Always on stderr. */
export function display(names: readonly string[], stream: NodeJS.WriteStream = process.stderr): Display {
  if (!stream.isTTY) {
    return {
      update: () => undefined,
      done: (part, state) => void stream.write(`${part}: ${state}\n`),
      stop: () => undefined,
    };
  }
  const format = '{part} {bar} {state}';
  const bars = new MultiBar({ format, barsize: 12, hideCursor: true, stream, linewrap: false }, Presets.shades_grey);
  const width = Math.max(...names.map((name) => name.length));
  const label = (part: string, state: string) => ({ part: part.padEnd(width), state });
  const lines = new Map<string, SingleBar>(names.map((name) => [name, bars.create(3, 0, label(name, 'waiting'))]));
  return {
    update: (part, state) => lines.get(part)?.update(1, label(part, state)),
    done: (part, state) => lines.get(part)?.update(3, label(part, state)),
    stop: () => bars.stop(),
  };
}

/** Shows nothing; for tests. */
export const silent: Display = { update: () => undefined, done: () => undefined, stop: () => undefined };
