import { createGroupConsumer, createKafkaLookup } from '../../connectors/kafka/index.ts';
import { createTopic, kafkaOptions, uniqueName } from '../support/kafka.ts';
import { groupConsumerContract } from './group-consumer.ts';

groupConsumerContract('Kafka', async () => {
  const options = kafkaOptions();
  const lookup = createKafkaLookup(options);
  return {
    makeTopic: createTopic,
    newGroup: () => uniqueName('group'),
    consumer: (group, topic) => createGroupConsumer({ ...options, group, topic, lookup }),
    close: () => lookup.close(),
  };
});
