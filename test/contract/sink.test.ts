import { sinks } from '../../connectors/sinks/index.ts';
import { sinkContract } from './sink.ts';

// That of OpenSearch runs beside what else is tried on a cluster, which takes long to start: test/integration/opensearch-sink.test.ts
for (const spec of sinks.filter(({ name }) => name !== 'opensearch')) sinkContract(spec);
