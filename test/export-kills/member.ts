import { setTimeout as pause } from 'node:timers/promises';
import type { FaultPoint } from '../../services/pipeline/faults.ts';
import type { Chances } from '../model/random.ts';
import { metricSum } from '../support/metric.ts';
import { SCOPES } from '../support/pinned-batches.ts';
import type { PinnedLog } from '../support/pinned-log.ts';
import { type RoomProcess, startRoom } from '../support/room-process.ts';
import type { Target } from './targets.ts';

const EVERYWHERE = ['after-row', 'sink-staged', 'sink-committed'] as const;
const FILES = ['sink-placed', 'sink-drafted'] as const;
/** Where an exporter can be made to kill itself, by its sink: every step that it has in a delivery. */
const POINTS: Readonly<Record<string, readonly FaultPoint[]>> = {
  parquet: [...EVERYWHERE, ...FILES, 'sink-rewritten'],
  's3-parquet': [...EVERYWHERE, ...FILES],
  ndjson: [...EVERYWHERE, 'sink-placed'],
  opensearch: [...EVERYWHERE, 'sink-written'],
  webhook: [...EVERYWHERE, 'sink-placed'],
};

/** So long it may take to come to its point, or to have work in hand. */
const PATIENCE_MS = 60_000;
/** As the supervisor does at least. */
const AGAIN_MS = 250;
const LOOK_MS = 20;
const MOST_SAID = 3_000;

/** The process of one export, killed and started again. */
export class Member {
  readonly name: string;
  /** `hand`, or the point at which it killed itself → how often. */
  readonly kills = new Map<'hand' | FaultPoint, number>();
  /** How often it ended by itself, as it may while a part is away; and what it said last. */
  ends = 0;
  lastWords = '';
  readonly #log: PinnedLog;
  readonly #target: Target;
  readonly #env: Readonly<Record<string, string>>;
  #room: RoomProcess | null = null;
  #closing = false;

  constructor(log: PinnedLog, target: Target, env: Readonly<Record<string, string>> = {}) {
    this.#log = log;
    this.#target = target;
    this.#env = env;
    this.name = `kills-${target.sink}`;
  }

  /** The last that the process at hand has said. */
  said(): string {
    return this.#room?.output().slice(-MOST_SAID) ?? '';
  }

  get killed(): number {
    return [...this.kills.values()].reduce((sum, n) => sum + n, 0);
  }

  /** Runs it until it was killed so often, every second time at one of its points. It is not running afterwards. */
  async harass(kills: number, chances: Chances, over: () => boolean): Promise<void> {
    const points = POINTS[this.#target.sink] ?? EVERYWHERE;
    let atPoint = 0;
    while (this.killed < kills && !over()) {
      const point = this.killed % 2 === 1 ? (points[atPoint++ % points.length] as FaultPoint) : null;
      // One delivery at least in between, or nothing would ever get on; files are merged after several.
      const after = point === 'sink-drafted' || point === 'sink-rewritten' ? 1 : 2 + Math.floor(3 * chances.float());
      const plan = point && { killAt: point, after };
      const room = this.#start(plan ? { DDC_FAULTS: JSON.stringify(plan) } : {});
      const how = point === null ? await this.#byHand(room, chances, over) : await this.#atItsPoint(room, point, over);
      if (how !== null) this.kills.set(how, (this.kills.get(how) ?? 0) + 1);
    }
  }

  /** Runs it, again and again where it ends by itself, until `stop`. */
  async run(): Promise<void> {
    while (!this.#closing) {
      await this.#ended(this.#start());
      if (!this.#closing) await pause(AGAIN_MS);
    }
  }

  async stop(): Promise<void> {
    this.#closing = true;
    await this.#room?.stop();
  }

  #start(env: Readonly<Record<string, string>> = {}): RoomProcess {
    const { sink, config } = this.#target;
    const plan = { name: this.name, app: this.#log.app, scopes: SCOPES, sink, config };
    this.#room = startRoom('exporter', {
      ...this.#log.env,
      ...this.#target.env,
      ...this.#env,
      ...env,
      DDC_EXPORT: JSON.stringify(plan),
    });
    return this.#room;
  }

  /** Resolves when it has ended by itself, and notes that. */
  async #ended(room: RoomProcess): Promise<void> {
    const { code, signal } = await room.ended();
    if (this.#closing || signal === 'SIGKILL') return;
    this.ends += 1;
    this.lastWords = `${code ?? signal}: ${room.output().trim().split('\n').at(-1) ?? ''}`;
  }

  /** From outside, while it has work in hand. @returns null when it had ended before */
  async #byHand(room: RoomProcess, chances: Chances, over: () => boolean): Promise<'hand' | null> {
    const died = { yet: false };
    const ended = this.#ended(room).then(() => {
      died.yet = true;
    });
    const port = await Promise.race([room.listening.catch(() => null), ended.then(() => null)]);
    const deadline = performance.now() + PATIENCE_MS;
    while (port !== null && !died.yet && !over() && performance.now() < deadline) {
      if ((await metricSum(`http://127.0.0.1:${port}`, 'ddc_in_hand')) > 0) break;
      await pause(LOOK_MS);
    }
    // Not always right at the beginning of its work.
    if (!died.yet) await pause(Math.floor(1_500 * chances.float()));
    if (died.yet) {
      await pause(AGAIN_MS);
      return null;
    }
    const held = await metricSum(`http://127.0.0.1:${port}`, 'ddc_in_hand');
    await room.kill();
    await ended;
    return held > 0 ? 'hand' : null;
  }

  async #atItsPoint(room: RoomProcess, point: FaultPoint, over: () => boolean): Promise<FaultPoint | null> {
    const ended = this.#ended(room);
    let waiting = true;
    const patience = (async () => {
      const deadline = performance.now() + PATIENCE_MS;
      while (waiting && !over() && performance.now() < deadline) await pause(LOOK_MS);
    })();
    await Promise.race([ended, patience]);
    waiting = false;
    const { signal } = await this.#endOf(room);
    return signal === 'itself' ? point : null;
  }

  /** Whether it has killed itself; if it lives, it is killed now. */
  async #endOf(room: RoomProcess): Promise<{ readonly signal: 'itself' | 'other' }> {
    const before = await Promise.race([room.ended(), pause(0).then(() => null)]);
    if (before === null) {
      await room.kill();
      return { signal: 'other' };
    }
    if (before.signal === 'SIGKILL') return { signal: 'itself' };
    await pause(AGAIN_MS);
    return { signal: 'other' };
  }
}
