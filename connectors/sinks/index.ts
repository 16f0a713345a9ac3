import { makeSink, type SinkContext, type SinkSpec } from '../../services/pipeline/define-sink.ts';
import { FatalError } from '../../services/pipeline/errors.ts';
import type { JudgeSink } from '../../services/pipeline/exports/declare.ts';
import type { Sink } from '../../services/pipeline/ports/sink.ts';
import { judgeSinkConfig } from './judge.ts';
import kafka from './kafka.ts';
import ndjson from './ndjson.ts';
import opensearch from './opensearch.ts';
import parquet from './parquet.ts';
import postgres from './postgres.ts';
import s3Parquet from './s3-parquet.ts';

/** Every sink that `DDC_EXPORT` may name. */
export const sinks: readonly SinkSpec[] = [kafka, ndjson, opensearch, parquet, postgres, s3Parquet];

/** Makes the sink of that name. @throws FatalError `unknown_sink`; ZodError when its configuration is wrong. */
export function createSink(name: string, config: unknown, context: SinkContext): Sink {
  const spec = sinks.find((sink) => sink.name === name);
  if (spec) return makeSink(spec, config, context);
  throw new FatalError(
    'unknown_sink',
    `There is no sink "${name}". Known: ${sinks.map((sink) => sink.name).join(', ')}.`,
  );
}

/** What the sink of that name says of a configuration, references to secrets still in it. */
export const judgeSink: JudgeSink = (sink, config) => judgeSinkConfig(sinks, sink, config);
