import {
  createConsumerGroups,
  createKafkaConsumer,
  createKafkaLookup,
  createKafkaWriter,
} from '../../connectors/kafka/index.ts';
import { createTopic, kafkaOptions, uniqueName } from '../support/kafka.ts';
import { logContract } from './log.ts';

logContract('Kafka', async () => {
  const options = kafkaOptions();
  const lookup = createKafkaLookup(options);
  return {
    makeTopic: (partitions) => createTopic(partitions),
    writer: async () => createKafkaWriter(options),
    lookup: async () => createKafkaLookup(options),
    consumer: async (group, topic) => createKafkaConsumer({ ...options, group, topic, lookup }),
    newGroup: () => uniqueName('group'),
    groups: async () => createConsumerGroups(options),
    close: () => lookup.close(),
  };
});
