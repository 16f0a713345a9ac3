import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { defineSink, secret } from '../../services/pipeline/define-sink.ts';
import { compactionFields, compactionLimits, compactionMembers } from './compaction-config.ts';
import { parquetFormat } from './duckdb/parquet-format.ts';
import { seenRows } from './duckdb/seen-rows.ts';
import { toSinkError } from './folder/weather.ts';
import { s3Client } from './s3/client.ts';
import { downloadAll } from './s3/data.ts';
import { s3Sink } from './s3/s3-sink.ts';
import { s3Store } from './s3/s3-store.ts';
import { scratchIn } from './s3/scratch.ts';
import { toStoreError } from './s3/weather.ts';
import { weatherproof } from './weatherproof.ts';

const MINUTE_MS = 60_000;

const config = z
  .strictObject({
    target: z
      .string()
      .regex(
        /^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/[^/]+)*\/?$/,
        'must be s3://<bucket> or s3://<bucket>/<prefix>',
      )
      .describe('Bucket, and prefix of all objects: `s3://bucket/prefix`. The bucket must exist.'),
    endpoint: z
      .url({ protocol: /^https?$/ })
      .optional()
      .describe('Address of a store that is not AWS.'),
    region: z.string().min(1).default('us-east-1').describe('Region of the bucket.'),
    accessKeyId: z
      .string()
      .min(1)
      .optional()
      .describe(
        'With `secretAccessKey`. Without both, keys are found as every AWS tool finds them: environment, profile, role of the machine.',
      ),
    secretAccessKey: secret(z.string().min(1)).optional().describe('See `accessKeyId`.'),
    compression: z.enum(['zstd', 'snappy']).default('zstd').describe('Codec of the column chunks.'),
    ...compactionFields,
    versions: z
      .boolean()
      .default(false)
      .describe(
        'Accepts a bucket that keeps old versions, or whose keys may not ask (`s3:GetBucketVersioning`). What is erased stays in them until a lifecycle rule deletes it.',
      ),
    timeoutSeconds: z
      .number()
      .positive()
      .default(60)
      .describe('A request that takes longer is given up and tried again.'),
    scratch: z
      .string()
      .min(1)
      .optional()
      .describe(
        'Folder of this machine for files on their way: rows in the clear, deleted at once, or at the next start. By default one of the temporary folders.',
      ),
  })
  .refine((one) => (one.accessKeyId === undefined) === (one.secretAccessKey === undefined), {
    message: 'set both accessKeyId and secretAccessKey, or neither',
    path: ['accessKeyId'],
  });

export default defineSink({
  name: 's3-parquet',
  summary:
    'Parquet objects in S3, or any store that speaks it and knows conditional writes, laid out as `parquet` lays out files: `<table>/app=<hex>/dt=YYYY-MM-DD/`. Small objects are merged.',
  config,
  members: {
    ...{
      target: 'place',
      endpoint: 'place',
      region: 'free',
      compression: 'free',
      versions: 'free',
      timeoutSeconds: 'free',
    },
    // Without them the SDK takes the role of the machine.
    ...{ accessKeyId: 'credential', secretAccessKey: 'credential', scratch: 'operator' },
    ...compactionMembers,
  },
  create(parsed, context) {
    const { target, endpoint = null, region, accessKeyId, secretAccessKey, timeoutSeconds } = parsed;
    const [, bucket = '', prefix = ''] = /^s3:\/\/([^/]+)\/?(.*?)\/?$/.exec(target) ?? [];
    const keys = accessKeyId && secretAccessKey ? { accessKeyId, secretAccessKey } : null;
    const client = s3Client({ endpoint, region, keys, timeoutMs: timeoutSeconds * 1000 });
    const store = s3Store(client, bucket, prefix === '' ? '' : `${prefix}/`);
    const local = join(
      parsed.scratch ?? join(tmpdir(), 'ddc-export'),
      createHash('sha256').update(`${endpoint}/${target}`).digest('hex').slice(0, 16),
    );
    const sink = s3Sink(
      {
        store,
        format: parquetFormat({ compression: parsed.compression }),
        scratch: scratchIn(local),
        limits: compactionLimits(parsed),
        versions: parsed.versions,
        elapsed: () => performance.now(),
      },
      context,
    );
    const told = (starting: boolean) =>
      weatherproof(sink, (error) => toSinkError(toStoreError(error, store.address, starting), local));
    return { ...told(false), check: told(true).check };
  },
  async trial(scratch, target) {
    const { origin: endpoint, username, password, pathname } = new URL(await target('s3'));
    const bucket = pathname.slice(1);
    // The path of the scratch folder is like no other.
    const prefix = basename(scratch);
    const keys = { accessKeyId: username, secretAccessKey: password };
    const config = { target: `s3://${bucket}/${prefix}`, endpoint, ...keys, scratch: join(scratch, 'way') };
    const client = s3Client({ endpoint, region: 'us-east-1', keys, timeoutMs: MINUTE_MS });
    const store = s3Store(client, bucket, `${prefix}/`);
    return {
      config,
      async rows(tables) {
        const copy = join(scratch, 'seen');
        await downloadAll(store, copy);
        return seenRows(copy, tables);
      },
      close: async () => store.close(),
    };
  },
});
