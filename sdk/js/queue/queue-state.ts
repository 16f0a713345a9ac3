import type { Event } from '../../../protocol/index.ts';

/** Whose batches a queue holds: the network's name, and public keys in hex. */
export interface QueueOwner {
  readonly network: string;
  readonly app: string;
  readonly wallet: string;
}

/** A batch that was handed in and is not yet known to be safe, refused or lost. */
export interface QueuedBatch {
  /** The queue's own number. */
  readonly id: number;
  /** With their ids and salts: the batch id follows from them, from the source and from `seq`. */
  readonly events: Event[];
  /** Given before it is first sent, null until then. */
  readonly seq: number | null;
  /** When its signature says that it was made, milliseconds since the epoch; null while unsigned. */
  readonly issuedAt: number | null;
}

/** What a source has to know to go on counting where it stopped. */
export interface QueueCounters {
  /** 16 bytes, hex. */
  readonly source: string;
  readonly nextId: number;
  readonly nextSeq: number;
  /** Of batches that were finally refused: the next batches use them, so that the source counts without gaps. */
  readonly freed: readonly number[];
}

/** What happens to a queue; a journal is a list of these. */
export type QueueChange =
  | { readonly add: number; readonly events: Event[] }
  | { readonly sign: number; readonly seq: number; readonly issuedAt: number }
  /** Safe, lost, or refused. `free`: nothing with its `seq` stands anywhere, so another batch takes it. */
  | { readonly settle: number; readonly free: boolean };

/** The batches of one source, oldest first, and their sequence numbers. No IO. */
export class QueueState {
  readonly source: string;
  readonly #batches: Map<number, QueuedBatch>;
  readonly #freed: number[];
  #nextId: number;
  #nextSeq: number;

  constructor({ source, nextId, nextSeq, freed }: QueueCounters, batches: readonly QueuedBatch[] = []) {
    this.source = source;
    this.#nextId = nextId;
    this.#nextSeq = nextSeq;
    this.#freed = [...freed];
    this.#batches = new Map(batches.map((batch) => [batch.id, batch]));
  }

  get batches(): QueuedBatch[] {
    return [...this.#batches.values()];
  }

  get counters(): QueueCounters {
    return { source: this.source, nextId: this.#nextId, nextSeq: this.#nextSeq, freed: [...this.#freed] };
  }

  /** Makes room for a batch. @returns the change that says so */
  add(events: Event[]): QueueChange & { readonly add: number } {
    const change = { add: this.#nextId, events };
    this.apply(change);
    return change;
  }

  /** A batch gets its `seq`, where it has none. @returns the change that says so */
  sign(id: number, issuedAt: number): QueueChange & { readonly seq: number } {
    const change = { sign: id, seq: this.#known(id).seq ?? this.#freed[0] ?? this.#nextSeq, issuedAt };
    this.apply(change);
    return change;
  }

  /** As a journal tells it. @throws Error where the change is none of this queue */
  apply(change: QueueChange): void {
    if ('add' in change) this.#add(change.add, change.events);
    else if ('sign' in change) this.#sign(change.sign, change.seq, change.issuedAt);
    else this.#settle(change.settle, change.free);
  }

  #add(id: number, events: Event[]): void {
    if (id < this.#nextId) throw new Error(`batch ${id} was added before`);
    this.#batches.set(id, { id, events, seq: null, issuedAt: null });
    this.#nextId = id + 1;
  }

  #sign(id: number, seq: number, issuedAt: number): void {
    const batch = this.#known(id);
    this.#batches.set(id, { ...batch, seq, issuedAt });
    if (batch.seq === seq) return;
    if (batch.seq !== null) throw new Error(`batch ${id} has another seq than ${seq}`);
    if (this.#freed[0] === seq) this.#freed.shift();
    else if (seq === this.#nextSeq) this.#nextSeq += 1;
    else throw new Error(`seq ${seq} is not the next one`);
  }

  #settle(id: number, free: boolean): void {
    const { seq } = this.#known(id);
    this.#batches.delete(id);
    if (free && seq !== null) this.#freed.push(seq);
  }

  #known(id: number): QueuedBatch {
    const batch = this.#batches.get(id);
    if (!batch) throw new Error(`there is no batch ${id}`);
    return batch;
  }
}

/** The state of a source that has sent nothing. */
export const newQueue = (source: string): QueueState => new QueueState({ source, nextId: 0, nextSeq: 0, freed: [] });
