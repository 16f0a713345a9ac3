import { MemoryLog } from '../../connectors/kafka/memory-log.ts';
import { groupConsumerContract } from './group-consumer.ts';

groupConsumerContract('memory', async () => {
  const log = new MemoryLog();
  return {
    makeTopic: async (partitions) => {
      log.createTopic('topic', partitions);
      return 'topic';
    },
    newGroup: () => 'group',
    consumer: (group, topic) => log.consumer({ group, topic }),
    close: async () => undefined,
  };
});
