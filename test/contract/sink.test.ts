import { sinks } from '../../connectors/sinks/index.ts';
import { sinkContract } from './sink.ts';

for (const spec of sinks) sinkContract(spec);
