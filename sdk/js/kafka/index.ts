export { type KafkaLogOptions, kafkaLog } from './kafka-log.ts';
