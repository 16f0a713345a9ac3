import { PartitionLost } from '../errors.ts';
import { pauseBefore } from '../paused.ts';
import type { ExtractedEvent } from '../proven-event.ts';
import { TryAgain } from '../transport.ts';
import { Handoff } from './handoff.ts';
import { Ledger, type LedgerEntry } from './ledger.ts';
import { MOST_ASKED } from './open-logged.ts';
import type { JoinOptions, LoggedBatch, LogLane, LogMember, LogPosition, PinnedLog, Stretch } from './pinned-log.ts';

/** The group is told so often how far the caller is. */
const COMMIT_MS = 1_000;
/** What was opened is asked again when the caller comes to it later than that: something may have been removed. */
const FRESH_MS = 5_000;
const FIRST_PAUSE_MS = 250;

/** An event out of the log, under a verified signature. */
export interface ConsumedEvent extends ExtractedEvent {
  readonly partition: number;
  /** Number of its batch in the order in which the partition's were accepted. `batchId` and `index` name an event for ever. */
  readonly origin: number;
}

/** Events as they come. Leaving the loop leaves the group; the event at hand is done only if `commit` says so. */
export interface Consumption extends AsyncGenerator<ConsumedEvent, void> {
  /**
   * Everything that was given so far is done, the event at hand included, and the group knows it when this resolves: no member gets it again.
   * @throws with a `code` when that is not known: what was not committed may come again
   */
  commit(): Promise<void>;
}

export interface ConsumeEdges extends Omit<JoinOptions, 'onRebalance'> {
  readonly log: PinnedLog;
  readonly app: Uint8Array;
  readonly isWanted: (batch: LoggedBatch) => boolean;
  /** The events of batches, as they may be seen now. */
  readonly open: (batches: readonly LoggedBatch[], signal: AbortSignal) => Promise<readonly ExtractedEvent[][]>;
  readonly isExplicit: boolean;
  readonly signal: AbortSignal | undefined;
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Milliseconds, monotonic. */
  readonly elapsed: () => number;
  /** Called once at the end. */
  readonly onEnd: () => void;
}

interface Given {
  readonly event: ConsumedEvent;
  readonly entry: LedgerEntry;
  readonly lane: LogLane;
}

/** A partition that this member has, and what the group knows of it. */
interface Held {
  readonly lane: LogLane;
  readonly ledger: Ledger;
  committed: LogPosition;
}

/** Reads as a member of a group from the first `next` on. */
export function consumption(edges: ConsumeEdges): Consumption {
  const run = new Run(edges);
  const events = run.events();
  const leave = events.return.bind(events);
  return Object.assign(events, {
    commit: () => run.commit(),
    // A generator alone would wait for the next event before it ends.
    return(value: void | PromiseLike<void>) {
      run.end();
      return leave(value);
    },
  });
}

/** One membership, from the first event that is asked for until the caller leaves. */
class Run {
  readonly #edges: ConsumeEdges;
  readonly #handoff = new Handoff<Given>();
  readonly #lanes = new Map<number, Held>();
  /** With the caller. */
  #out: Given[] = [];
  #member: LogMember | null = null;
  #committing: Promise<void> = Promise.resolve();

  constructor(edges: ConsumeEdges) {
    this.#edges = edges;
  }

  async *events(): AsyncGenerator<ConsumedEvent, void> {
    const { signal, isExplicit, log, onTrouble } = this.#edges;
    const end = () => this.end();
    signal?.addEventListener('abort', end, { once: true });
    if (signal?.aborted) end();
    let timer: ReturnType<typeof setInterval> | undefined;
    try {
      if (signal?.aborted) return;
      const member = await log.join({ ...this.#edges, onRebalance: () => void this.#commitQuietly() });
      this.#member = member;
      member
        .run((lane, stretch) => this.#take(lane, stretch))
        .then(
          () => this.#handoff.end(),
          (error: unknown) => this.#handoff.end(error),
        );
      timer = setInterval(() => void this.#commitQuietly(), COMMIT_MS);
      for (let given = await this.#handoff.take(); given; given = await this.#handoff.take()) {
        this.#out.push(given);
        yield given.event;
        // Whoever asks for the next one is through with this one.
        if (!isExplicit) this.#finish();
      }
    } finally {
      clearInterval(timer);
      signal?.removeEventListener('abort', end);
      this.end();
      await this.#commitQuietly();
      await this.#member?.close().catch((error: unknown) => onTrouble(troubleOf(error)));
      this.#edges.onEnd();
    }
  }

  /** Nothing more is given. */
  end(): void {
    this.#handoff.end();
  }

  async commit(): Promise<void> {
    const lost = this.#out.find(({ lane }) => lane.revoked.aborted);
    this.#finish();
    await this.#commit();
    if (lost) throw new PartitionLost(lost.lane.partition);
  }

  #finish(): void {
    for (const { entry, event } of this.#out) entry.finish(event.index);
    this.#out = [];
  }

  async #commitQuietly(): Promise<void> {
    try {
      await this.#commit();
    } catch (error) {
      // What is not kept now is kept with the next one, or comes again.
      this.#edges.onTrouble(troubleOf(error));
    }
  }

  /** One at a time, each with what is done by then. */
  #commit(): Promise<void> {
    const mine = this.#committing.catch(() => undefined).then(() => this.#commitNow());
    this.#committing = mine;
    return mine;
  }

  async #commitNow(): Promise<void> {
    const moved = [...this.#lanes.values()].flatMap((held) => {
      const { finished } = held.ledger;
      const isNew = !isSame(held.committed, finished) && !held.lane.revoked.aborted;
      return isNew ? [{ held, finished }] : [];
    });
    if (!this.#member || moved.length === 0) return;
    await this.#member.commit(new Map(moved.map(({ held, finished }) => [held.lane.partition, finished])));
    for (const { held, finished } of moved) held.committed = finished;
  }

  /** What was read of one partition goes to the caller, an event at a time. */
  async #take(lane: LogLane, { batches, from, to }: Stretch): Promise<void> {
    lane.revoked.throwIfAborted();
    const ledger = this.#ledgerOf(lane, from);
    const wanted = batches.filter((batch) => this.#edges.isWanted(batch));
    for (let at = 0; at < wanted.length; at += MOST_ASKED)
      await this.#giveAll(lane, ledger, wanted.slice(at, at + MOST_ASKED), from);
    ledger.pass(to);
  }

  async #giveAll(
    lane: LogLane,
    ledger: Ledger,
    batches: readonly LoggedBatch[],
    { within }: LogPosition,
  ): Promise<void> {
    const { elapsed } = this.#edges;
    let opened = await this.#open(lane, batches);
    let openedAt = elapsed();
    for (const [number, batch] of batches.entries()) {
      const entry = ledger.open(batch.origin, batch.behind);
      const done = within?.origin === batch.origin ? within.index : -1;
      let next = opened[number]?.filter(({ index }) => index <= done).length ?? 0;
      const eventAt = () => opened[number]?.[next];
      for (let event = eventAt(); event; event = eventAt()) {
        const { index } = event;
        const turn = await this.#handoff.turn(lane.revoked);
        try {
          if (elapsed() - openedAt > FRESH_MS) {
            opened = [...opened.slice(0, number), ...(await this.#open(lane, batches.slice(number)))];
            openedAt = elapsed();
            next = opened[number]?.filter((one) => one.index < index).length ?? 0;
            event = eventAt();
          }
        } catch (error) {
          turn.pass();
          throw error;
        }
        if (!event) {
          turn.pass();
          break;
        }
        entry.give();
        turn.give({ event: { ...event, partition: lane.partition, origin: batch.origin }, entry, lane });
        next += 1;
      }
      entry.close();
    }
  }

  /** Until the service answers, or the partition is lost. */
  async #open(lane: LogLane, batches: readonly LoggedBatch[]): Promise<readonly ExtractedEvent[][]> {
    const { open, pause, onTrouble } = this.#edges;
    for (let failed = 1; ; failed += 1) {
      try {
        return await open(batches, lane.revoked);
      } catch (error) {
        lane.revoked.throwIfAborted();
        if (!(error instanceof TryAgain)) throw error;
        onTrouble({ ...troubleOf(error), code: 'service_away' });
        await pause(pauseBefore(failed, error.retryAfterMs, FIRST_PAUSE_MS), lane.revoked);
      }
    }
  }

  /** A partition that comes back begins where the group has it: what is out of the time before is not counted for it. */
  #ledgerOf(lane: LogLane, from: LogPosition): Ledger {
    const known = this.#lanes.get(lane.partition);
    if (known?.lane.revoked === lane.revoked) return known.ledger;
    const ledger = new Ledger(from);
    this.#lanes.set(lane.partition, { lane, ledger, committed: from });
    return ledger;
  }
}

const isSame = (a: LogPosition, b: LogPosition): boolean =>
  a.next === b.next &&
  a.mark === b.mark &&
  a.within?.origin === b.within?.origin &&
  a.within?.index === b.within?.index;

function troubleOf(error: unknown): { code: string; message: string; error: unknown } {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return { code: typeof code === 'string' ? code : 'unknown', message: String(message ?? error), error };
}
