import { z } from 'zod';
import { RetriableError } from '../../../services/pipeline/errors.ts';
import { oneAtATime } from '../../../services/pipeline/one-at-a-time.ts';
import { type Position, START } from '../../../services/pipeline/ports/positions.ts';
import type { Delivery } from '../../../services/pipeline/ports/sink.ts';
import { type CommittedReader, FencedError, type TransactionalWriter } from '../../kafka/index.ts';
import { patiently } from './patience.ts';

const position = z.object({ next: z.number().int(), mark: z.number().int() });
const placeSchema = z.object({ from: position, to: position });
/** The last delivery that counts. */
type Place = z.infer<typeof placeSchema>;

const KEY = 'position';
/** So long are markers of a commit waited for, and somebody who is in the middle of a transaction. Milliseconds. */
const SETTLE_MS = 1_000;

/** The right to write to one partition of every topic of an export; one at a time, in one process as among members. */
export interface Seat {
  /**
   * Runs `work` with the seat, which is kept afterwards; again from its beginning when somebody else took the seat meanwhile.
   * @param anew takes it also when it is held: then nothing that anybody had in hand for this partition can ever count
   */
  hold<T>(work: (held: HeldSeat) => Promise<T>, anew?: 'anew'): Promise<T>;
  /** As it was committed last, whoever holds the seat. */
  position(): Promise<Position>;
  close(): Promise<void>;
}

export interface HeldSeat {
  readonly writer: TransactionalWriter;
  readonly place: () => Place | null;
  /** Takes the seat again and reads where it stands. */
  retake(): Promise<void>;
  /** Sends the position, which counts with all that was sent since the last commit. */
  sendPlace(delivery: Delivery): Promise<void>;
  /** Everything sent counts. */
  commit(delivery: Delivery): Promise<void>;
}

export interface SeatEdges {
  readonly reader: CommittedReader;
  readonly writer: TransactionalWriter;
  /** Where the position is kept: that topic's partition of this number. */
  readonly topic: string;
  readonly partition: number;
  /** Called after each taking: what was noted before is to be known from then on. */
  readonly taken: () => Promise<void>;
}

export function createSeat({ reader, writer, topic, partition, taken }: SeatEdges): Seat {
  const serially = oneAtATime();
  let place: Place | null = null;

  async function readPlace(): Promise<Place | null> {
    const last = await reader.last(topic, partition);
    return last?.value ? placeSchema.parse(JSON.parse(Buffer.from(last.value).toString('utf8'))) : null;
  }

  const held: HeldSeat = {
    writer,
    place: () => place,
    async retake() {
      await writer.take();
      await taken();
      place = await readPlace();
    },
    async sendPlace({ from, to }) {
      await writer.send(topic, partition, [{ key: KEY, value: Buffer.from(JSON.stringify({ from, to })) }]);
    },
    async commit({ from, to }) {
      await writer.commit();
      place = { from, to };
    },
  };

  return {
    hold: (work, anew) =>
      serially(() =>
        patiently(async () => {
          const kept = writer.held && !anew;
          try {
            if (!kept) await held.retake();
            return await work(held);
          } catch (error) {
            // What is open is aborted when the seat is taken again.
            await writer.drop();
            if (!kept || !(error instanceof RetriableError)) throw error;
            // A connection kept from before may have died of idleness. What became of its commit is found out by whoever takes the seat.
            throw new FencedError(`the seat was kept, but: ${error.message}`, { cause: error });
          }
        }),
      ),
    async position() {
      await reader.settled(topic, partition, SETTLE_MS);
      return (await readPlace())?.to ?? START;
    },
    close: () => serially(() => writer.drop()),
  };
}
