import { MemoryLog } from '../../connectors/kafka/memory-log.ts';
import { logContract } from './log.ts';

logContract('memory', async () => {
  const log = new MemoryLog(() => Date.now());
  let names = 0;
  return {
    makeTopic: async (partitions) => {
      names += 1;
      log.createTopic(`topic-${names}`, partitions);
      return `topic-${names}`;
    },
    writer: async () => log.writer(),
    lookup: async () => log.lookup(),
    consumer: async (group, topic) => log.consumer({ group, topic }),
    newGroup: () => {
      names += 1;
      return `group-${names}`;
    },
    groups: async () => log.groups(),
    close: async () => undefined,
  };
});
