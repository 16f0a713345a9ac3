import type { SinkContext } from '../../../services/pipeline/define-sink.ts';
import { FatalError } from '../../../services/pipeline/errors.ts';
import { START, samePosition } from '../../../services/pipeline/ports/positions.ts';
import type {
  Delivery,
  ExportRow,
  KeepRows,
  RowOwner,
  RowSelection,
  Sink,
} from '../../../services/pipeline/ports/sink.ts';
import {
  CommittedReader,
  createKafkaWriter,
  ensureTopic,
  type KafkaOptions,
  TransactionalWriter,
} from '../../kafka/index.ts';
import { createRegistryCodecs } from '../../registry/index.ts';
import { ownerCounts } from '../erased-owner.ts';
import { weatherproof } from '../weatherproof.ts';
import { createBook } from './book.ts';
import { deleteRows } from './deletion.ts';
import { heldRecords } from './held.ts';
import { type Judge, ofOwners, ofSelections } from './judges.ts';
import { type Notices, openNotices } from './notices.ts';
import { createSeat, type HeldSeat, type Seat } from './seat.ts';
import { openTables } from './tables.ts';
import { control, controlTopic, removals, removedTopic, type TopicPlan, tableTopic } from './topics.ts';
import { toSinkError } from './weather.ts';

export interface KafkaTarget extends TopicPlan {
  readonly brokers: readonly string[];
  /** Base of the Confluent API. */
  readonly registry: string;
}

/** What kafkajs logs is an attempt that fails; the failure itself is thrown. */
const SILENT = { warn() {}, error() {} };

/** Rows as records of one topic per table, committed together with the position. */
export function kafkaSink(target: KafkaTarget, { log, name, reach = () => {} }: SinkContext): Sink {
  const { prefix, partitions } = target;
  const kafka: KafkaOptions = { brokers: target.brokers, clientId: `ddc-sink-${prefix}`, log: SILENT };
  const reader = new CommittedReader(kafka);
  const plain = createKafkaWriter({ ...kafka, producers: 1 });
  const book = createBook(controlTopic(prefix), reader, plain);
  const tables = openTables(kafka, target, book);
  const seats = new Map<number, Seat>();
  let notices: Promise<Notices> | null = null;

  function seatOf(partition: number): Seat {
    if (partition >= partitions) {
      throw new FatalError(
        'sink_partitions',
        `Partition ${partition} is to be exported, but topics of ${prefix} have ${partitions}: set \`partitions\` to what the batch topics have, and use a new prefix.`,
      );
    }
    const known =
      seats.get(partition) ??
      createSeat({
        reader,
        writer: new TransactionalWriter(kafka, `${controlTopic(prefix)}/${partition}`),
        topic: controlTopic(prefix),
        partition: partition + 1,
        taken: () => book.read(),
      });
    seats.set(partition, known);
    return known;
  }

  async function tryPut(held: HeldSeat, rows: readonly ExportRow[], delivery: Delivery, keep: KeepRows) {
    const { partition, from, to } = delivery;
    // What we remember was true when the seat was taken: no reason to refuse.
    if (!samePosition(held.place()?.to ?? START, from)) await held.retake();
    const place = held.place();
    if (place && samePosition(place.from, from) && samePosition(place.to, to)) return true;
    if (!samePosition(place?.to ?? START, from)) return false;
    // Asked with the seat: an erasure or removal that is not known yet takes it away from us.
    const kept = await keep(book.spared(rows));
    for (const { topic, records } of await tables.recordsOf(kept)) await held.writer.send(topic, partition, records);
    await held.sendPlace(delivery);
    await reach('staged');
    await held.commit(delivery);
    await reach('committed');
    await reach('placed');
    return true;
  }

  async function deleteAll(judge: Judge, counted: (by: number) => void): Promise<void> {
    notices ??= openNotices(removedTopic(prefix), createRegistryCodecs({ url: target.registry }));
    const topics = () => book.tables().map((table) => tableTopic(prefix, table));
    const edges = { reader, topics, notices: await notices, reach };
    await book.read();
    for (let partition = 0; partition < partitions; partition += 1) {
      await deleteRows(edges, { seat: seatOf(partition), partition }, judge, counted);
    }
  }

  const sink: Sink = {
    async check() {
      await ensureTopic(kafka, control(target));
      await ensureTopic(kafka, removals(target));
      await book.claim({ log, name });
      notices = openNotices(removedTopic(prefix), createRegistryCodecs({ url: target.registry }));
      await notices;
    },
    put: async (rows, delivery, keep = async (all) => all) =>
      seatOf(delivery.partition).hold((held) => tryPut(held, rows, delivery, keep)),
    position: async (partition) => seatOf(partition).position(),
    async erase(owners: readonly RowOwner[]) {
      const { counts, add } = ownerCounts(owners);
      await book.read();
      const due = book.due(owners);
      if (due.length === 0) return counts;
      // In this order: who takes a seat after it was noted leaves these rows out, and whoever has one loses it.
      await book.noteErased(due, false);
      await deleteAll(ofOwners(due), (by) => due[by] && add(due[by], 1));
      await book.noteErased(due, true);
      return counts;
    },
    async remove(selections: readonly RowSelection[]) {
      const counts = selections.map(() => 0);
      if (selections.length === 0) return counts;
      await deleteAll(ofSelections(selections), (by) => {
        counts[by] = (counts[by] ?? 0) + 1;
      });
      return counts;
    },
    async held(show) {
      if (!(await reader.exists(controlTopic(prefix)))) return;
      await book.read();
      const topics = book.tables().map((table) => ({ table, topic: tableTopic(prefix, table) }));
      await heldRecords(reader, topics, partitions, show);
    },
    async close() {
      await Promise.all([...seats.values()].map((seat) => seat.close()));
      await plain.close();
      await reader.close();
    },
  };
  return weatherproof(sink, (error) => toSinkError(error, target));
}
