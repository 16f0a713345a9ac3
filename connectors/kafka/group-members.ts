import { type KafkaOptions, newKafka } from './client.ts';
import { toPortError } from './kafka-errors.ts';

/** How many members a consumer group has now; 0 also for a group that never was. A member that was killed counts until its session ends. */
export async function groupMembers(options: KafkaOptions, group: string): Promise<number> {
  const admin = newKafka(options).admin();
  try {
    await admin.connect();
    const { groups } = await admin.describeGroups([group]);
    return groups.reduce((sum, { members }) => sum + members.length, 0);
  } catch (error) {
    throw toPortError(error, `members of group ${group}`);
  } finally {
    await admin.disconnect();
  }
}
