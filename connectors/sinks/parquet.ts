import { z } from 'zod';
import { defineSink } from '../../services/pipeline/define-sink.ts';
import { compactionFields, compactionLimits, compactionMembers } from './compaction-config.ts';
import { parquetFormat } from './duckdb/parquet-format.ts';
import { seenRows } from './duckdb/seen-rows.ts';
import { folderSink } from './folder/folder-sink.ts';

const config = z.strictObject({
  folder: z
    .string()
    .min(1)
    .refine((folder) => !/^s3[an]?:\/\//.test(folder), 'is a folder of this machine; for S3 use the sink s3-parquet')
    .describe('Folder that receives the files; created when absent.'),
  compression: z.enum(['zstd', 'snappy']).default('zstd').describe('Codec of the column chunks.'),
  ...compactionFields,
});

export default defineSink({
  name: 'parquet',
  summary:
    'Parquet files in the folders `<table>/app=<hex>/dt=YYYY-MM-DD/` (UTC day of the event). Timestamps are microseconds UTC, ids are text, decimals, lists and records are what they are.',
  config,
  members: { folder: 'folder', compression: 'free', ...compactionMembers },
  create({ folder, compression, ...small }, context) {
    const format = parquetFormat({ compression });
    const limits = compactionLimits(small);
    return folderSink(folder, format, context, limits && { merging: format, limits, elapsed: () => performance.now() });
  },
  trial: (scratch) => ({ config: { folder: scratch }, rows: (tables) => seenRows(scratch, tables) }),
});
