import kafkajs from 'kafkajs';
import type { ConsumerGroups } from '../../services/pipeline/ports/log.ts';
import { CONNECT_TIMEOUT_MS, type KafkaOptions, newKafka } from './client.ts';
import { withDeadline } from './deadline.ts';
import { groupMembers } from './group-members.ts';
import { toPortError } from './kafka-errors.ts';

/** Of the protocol's error codes: somebody joined meanwhile; there is no such group (any more). */
const NON_EMPTY_GROUP = 68;
const GROUP_ID_NOT_FOUND = 69;

/** Consumer groups in Kafka. A connection for each question: they are rare. */
export const createConsumerGroups = (options: KafkaOptions): ConsumerGroups => ({
  members: (group) => groupMembers(options, group),
  async progress(group, topic, partition) {
    const { connectTimeoutMs = CONNECT_TIMEOUT_MS, log } = options;
    const admin = newKafka(options).admin();
    try {
      await withDeadline(admin.connect(), connectTimeoutMs, 'connecting to Kafka');
      const asked = admin.fetchOffsets({ groupId: group, topics: [topic] });
      const [found] = await withDeadline(asked, 4 * connectTimeoutMs, `progress of group ${group}`);
      const offset = Number(found?.partitions.find((one) => one.partition === partition)?.offset ?? -1);
      return offset < 0 ? null : offset;
    } catch (error) {
      throw toPortError(error, `progress of group ${group}`);
    } finally {
      await withDeadline(admin.disconnect(), connectTimeoutMs, 'disconnecting').catch((error: unknown) =>
        log.warn({ err: error }, 'an admin connection did not close cleanly'),
      );
    }
  },
  async remove(group) {
    const { connectTimeoutMs = CONNECT_TIMEOUT_MS, log } = options;
    if ((await groupMembers(options, group)) > 0) return false;
    const admin = newKafka(options).admin();
    try {
      await withDeadline(admin.connect(), connectTimeoutMs, 'connecting to Kafka');
      await withDeadline(admin.deleteGroups([group]), 4 * connectTimeoutMs, `deleting group ${group}`);
      return true;
    } catch (error) {
      const codes =
        error instanceof kafkajs.KafkaJSDeleteGroupsError ? (error.groups ?? []).map((one) => one.errorCode) : [];
      if (codes.length > 0 && codes.every((code) => code === GROUP_ID_NOT_FOUND)) return true;
      if (codes.includes(NON_EMPTY_GROUP)) return false;
      throw toPortError(error, `deleting group ${group}`);
    } finally {
      await withDeadline(admin.disconnect(), connectTimeoutMs, 'disconnecting').catch((error: unknown) =>
        log.warn({ err: error }, 'an admin connection did not close cleanly'),
      );
    }
  },
});
