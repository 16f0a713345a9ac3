import { mkdirSync } from 'node:fs';
import { basename } from 'node:path';
import { startInCompose } from './compose.ts';
import { engineAnswers } from './engine.mjs';
import { createKeeper, type Keeper } from './keeper.ts';
import type { Part, PartEnv, PartName, RunningPart } from './part.ts';
import { PARTS } from './parts.ts';
import { type Display, silent } from './progress.ts';

/** A container's start for one part; replaces compose where tests go through testcontainers. */
export type ContainerStart = typeof startInCompose;

export interface StackOptions {
  /** Which parts; all of them unless told. */
  readonly parts?: readonly PartName[];
  /** Absolute; holds all state and logs of this run. */
  readonly folder: string;
  readonly progress?: Display;
  readonly fullSpeed?: boolean;
  /** Where the given addresses are read from. */
  readonly given?: Readonly<Record<string, string | undefined>>;
  readonly containers?: ContainerStart;
}

export interface Stack {
  /** The addresses of the started parts, by variable; to be merged into a room's environment. */
  readonly env: Readonly<Partial<Record<PartEnv, string>>>;
  readonly parts: ReadonlyMap<PartName, RunningPart>;
  readonly folder: string;
  /** For processes that belong to the stack, such as the rooms. */
  readonly keeper: Keeper;
  /** Stops everything that was started (not what was given). Can be called twice. */
  stop(): Promise<void>;
}

function givenPart(part: Part, url: string): RunningPart {
  const refuse = async (): Promise<never> => {
    throw new Error(`${part.name} was given by ${part.env}: it is not ours to stop.`);
  };
  return {
    name: part.name,
    way: 'given',
    url,
    pid: () => null,
    stop: async () => undefined,
    kill: refuse,
    restart: refuse,
  };
}

/**
 * Brings up the parts at once, each in the first way that applies: given by its variable, in a container where a Docker engine answers, natively.
 * `DDC_STACK=native` or `DDC_STACK=compose` settles the choice between the last two.
 * @throws StackError of the first part that fails, after everything that had started was stopped again.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const given = options.given ?? process.env;
  const progress = options.progress ?? silent;
  const parts = PARTS.filter((part) => !options.parts || options.parts.includes(part.name));
  const wanted = given.DDC_STACK;
  const containers = wanted === 'compose' || (wanted !== 'native' && (await engineAnswers()));
  mkdirSync(options.folder, { recursive: true });
  const keeper = createKeeper();
  const running = new Map<PartName, RunningPart>();
  const start = { folder: options.folder, keeper, progress: progress.update, fullSpeed: options.fullSpeed };

  async function bringUp(part: Part): Promise<void> {
    const from = performance.now();
    const address = given[part.env];
    let result: RunningPart;
    if (address) result = givenPart(part, address);
    else if (containers) {
      progress.update(part.name, 'starting its container');
      result = await (options.containers ?? startInCompose)(part, basename(options.folder).toLowerCase(), start);
    } else {
      await part.prepare(progress.update);
      progress.update(part.name, 'starting');
      result = await part.start(start);
    }
    running.set(part.name, result);
    progress.done(part.name, `${result.way}, ${((performance.now() - from) / 1000).toFixed(1)} s, ${result.url}`);
  }

  async function stop(): Promise<void> {
    const results = await Promise.allSettled([...running.values()].map((part) => part.stop()));
    keeper.close();
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
  }

  const results = await Promise.allSettled(parts.map(bringUp));
  progress.stop();
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) {
    await stop();
    throw failed.reason;
  }
  const env = Object.fromEntries(parts.map((part) => [part.env, running.get(part.name)?.url]));
  return { env, parts: running, folder: options.folder, keeper, stop };
}
