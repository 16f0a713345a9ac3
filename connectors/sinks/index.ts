import { makeSink, type SinkContext, type SinkSpec } from '../../services/pipeline/define-sink.ts';
import { FatalError } from '../../services/pipeline/errors.ts';
import type { Sink } from '../../services/pipeline/ports/sink.ts';
import kafka from './kafka.ts';
import ndjson from './ndjson.ts';
import opensearch from './opensearch.ts';
import { loadSinks } from './own/load.ts';
import parquet from './parquet.ts';
import postgres from './postgres.ts';
import s3Parquet from './s3-parquet.ts';
import webhook from './webhook.ts';

/** Every sink that an export may name without more. */
export const sinks: readonly SinkSpec[] = [kafka, ndjson, opensearch, parquet, postgres, s3Parquet, webhook];

/** The same, and those of `DDC_SINKS`. @throws FatalError `bad_sink_file`, `sink_name_taken` */
export async function sinksWith(files: readonly string[]): Promise<readonly SinkSpec[]> {
  const all = [...sinks];
  for (const own of await loadSinks(files)) {
    if (all.some(({ name }) => name === own.name)) {
      throw new FatalError(
        'sink_name_taken',
        `DDC_SINKS: there is a sink "${own.name}" already; give yours another name.`,
      );
    }
    all.push(own);
  }
  return all;
}

/** Makes the sink of that name. @throws FatalError `unknown_sink`; ZodError when its configuration is wrong. */
export function createSink(name: string, config: unknown, context: SinkContext, among = sinks): Sink {
  const spec = among.find((sink) => sink.name === name);
  if (spec) return makeSink(spec, config, context);
  throw new FatalError(
    'unknown_sink',
    `There is no sink "${name}". Known: ${among.map((sink) => sink.name).join(', ')}. Others are files that DDC_SINKS names.`,
  );
}
