import type { Admin } from 'kafkajs';
import type { GroupConsumer, KeptOffset } from '../../services/pipeline/ports/log.ts';
import { CONNECT_TIMEOUT_MS, newKafka } from './client.ts';
import { type ConsumerOptions, KafkaLogConsumer } from './consumer.ts';
import { withDeadline } from './deadline.ts';
import { toPortError } from './kafka-errors.ts';

/** The Kafka end of `GroupConsumer`. */
export function createGroupConsumer(options: ConsumerOptions): GroupConsumer {
  const { group, topic, log, connectTimeoutMs = CONNECT_TIMEOUT_MS } = options;
  const consumer = new KafkaLogConsumer({ ...options, showsProgress: false });
  const what = `offsets of ${group} in ${topic}`;
  let connected: Promise<Admin> | null = null;

  async function connect(): Promise<Admin> {
    const admin = newKafka(options).admin();
    try {
      await withDeadline(admin.connect(), connectTimeoutMs, what);
      return admin;
    } catch (error) {
      await close(admin);
      throw error;
    }
  }

  const close = (admin: Admin) =>
    withDeadline(admin.disconnect(), connectTimeoutMs, 'disconnecting').catch((error: unknown) =>
      log.warn({ err: error }, 'an admin connection did not close cleanly'),
    );

  /** One that failed is not asked again. */
  async function drop(): Promise<void> {
    const admin = await connected?.catch(() => null);
    connected = null;
    if (admin) await close(admin);
  }

  return {
    run: (serve) => consumer.run(serve),
    keep: (offsets) => consumer.keep(offsets),
    async kept() {
      try {
        connected ??= connect();
        const answer = (await connected).fetchOffsets({ groupId: group, topics: [topic] });
        const [found] = await withDeadline(answer, connectTimeoutMs, what);
        return new Map(
          (found?.partitions ?? []).flatMap(({ partition, offset, metadata }): [number, KeptOffset][] =>
            // -1: nothing.
            Number(offset) < 0 ? [] : [[partition, { next: Number(offset), note: metadata ?? '' }]],
          ),
        );
      } catch (error) {
        await drop();
        throw toPortError(error, what);
      }
    },
    async stop() {
      await consumer.stop();
      await drop();
    },
  };
}
