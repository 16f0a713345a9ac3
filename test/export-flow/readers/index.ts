import { duckdbNdjson, duckdbParquet, duckdbS3 } from './duckdb.ts';
import { kafkaConsumer } from './kafka.ts';
import { opensearch } from './opensearch.ts';
import { postgres } from './postgres.ts';
import type { Reader } from './reader.ts';
import { receiver } from './receiver.ts';

/** Every tool that outputs are read with. Another one is a file beside these and a name here: each output is read by all that can. */
export const readers: readonly Reader[] = [
  duckdbParquet,
  duckdbS3,
  duckdbNdjson,
  opensearch,
  kafkaConsumer,
  postgres,
  receiver,
];
