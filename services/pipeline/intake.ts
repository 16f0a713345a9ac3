import type { Buffered, FlushLimits } from './accepted.ts';
import { hasPassed } from './clock.ts';
import type { LaneEdges } from './lane.ts';
import type { LogRecord, PartitionInput } from './ports/log.ts';
import type { Position } from './ports/positions.ts';
import { readVerdict } from './rules/read.ts';
import { seekBack } from './rules/row.ts';

/** What reading needs of a lane's edges. */
export type IntakeEdges = Pick<LaneEdges, 'rules' | 'signals' | 'clock'>;

/** The reading half of a lane: judges records in order by the rules of row and read, and buffers what is accepted. */
export class Intake {
  next = 0;
  mark = -1;
  buffer: Buffered[] = [];
  bytes = 0;
  /** When the first record of the buffer came. */
  since = 0;
  /** The last poll brought nothing. */
  idle = true;
  readonly #edges: IntakeEdges;
  readonly #input: PartitionInput;
  readonly #origin: (record: LogRecord) => number | null;

  constructor(edges: IntakeEdges, input: PartitionInput, origin: (record: LogRecord) => number | null) {
    this.#edges = edges;
    this.#input = input;
    this.#origin = origin;
  }

  /** Starts again from the row; whatever was buffered is dropped. */
  restart(row: Position): void {
    this.next = row.next;
    this.mark = row.mark;
    this.drain();
    if (this.#edges.rules.row) this.#input.seek(row.next);
  }

  /** Judges what a poll brought. Stops at an offset that is not due and seeks back. */
  judge(records: readonly LogRecord[]): void {
    const { rules, signals, clock } = this.#edges;
    const { partition } = this.#input;
    let accepted = 0;
    let skipped = 0;
    let gaps = 0;
    let firstGap: { offset: number; origin: number | null; mark: number } | null = null;
    this.idle = records.length === 0;
    for (const record of records) {
      const back = seekBack(record.offset, this.next, rules);
      if (back !== null) {
        signals.emit('seek-back', { partition, offset: record.offset, next: back });
        this.#input.seek(back);
        break;
      }
      this.next = record.offset + 1;
      const origin = this.#origin(record);
      const verdict = origin === null ? 'gap' : readVerdict(origin, this.mark, rules);
      if (verdict === 'gap') {
        gaps += 1;
        firstGap ??= { offset: record.offset, origin, mark: this.mark };
      } else if (verdict === 'skip') skipped += 1;
      else if (origin !== null) {
        if (this.buffer.length === 0) this.since = clock.now();
        this.mark = origin;
        this.buffer.push({ origin, next: this.next, record });
        this.bytes += record.value.length;
        accepted += 1;
      }
    }
    // One line for what came together: everything behind a gap is one until the repair.
    if (firstGap) signals.emit('gap', { partition, ...firstGap, count: gaps });
    if (accepted > 0) signals.emit('judged', { partition, kind: 'accepted', count: accepted });
    if (skipped > 0) signals.emit('judged', { partition, kind: 'skipped', count: skipped });
  }

  /**
   * The input says there is nothing although the end is beyond `next`: a read was skipped at the tail, where no other offset
   * arrives to show it. Seeks again.
   */
  rouse(end: number): void {
    const { signals, rules } = this.#edges;
    signals.gauge('lag', this.#input.partition, Math.max(0, end - this.next));
    if (!rules.row || !this.idle || end <= this.next) return;
    signals.emit('seek-back', { partition: this.#input.partition, end, next: this.next });
    this.#input.seek(this.next);
  }

  /** How long the next poll may wait for input. */
  waitMs(limits: FlushLimits, idleMs: number): number {
    if (this.buffer.length === 0) return idleMs;
    return Math.max(0, Math.min(idleMs, this.since + limits.lingerMs - this.#edges.clock.now()));
  }

  /** What the next poll may bring. */
  room(limits: FlushLimits): { maxRecords: number; maxBytes: number } {
    return {
      maxRecords: Math.max(1, limits.maxRecords - this.buffer.length),
      maxBytes: Math.max(1, limits.maxBytes - this.bytes),
    };
  }

  isFull(limits: FlushLimits): boolean {
    return this.buffer.length >= limits.maxRecords || this.bytes >= limits.maxBytes;
  }

  isDue(limits: FlushLimits): boolean {
    if (this.buffer.length === 0) return false;
    return this.isFull(limits) || hasPassed(limits.lingerMs, this.since, this.#edges.clock.now());
  }

  /** Takes the buffer. */
  drain(): Buffered[] {
    const taken = this.buffer;
    this.buffer = [];
    this.bytes = 0;
    return taken;
  }
}
