import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openTestDatabase } from '../support/database.ts';
import { runSpark } from '../support/engines/spark.ts';
import { brokers, uniqueName } from '../support/kafka.ts';
import { startS3 } from '../support/s3.ts';
import { type Figures, figuresOf, sparkFigures } from './figures.ts';
import { startJdbc } from './jdbc.ts';
import { bytesLeft, startLake } from './lake.ts';
import { fillSource } from './source.ts';

type Way = 'spark topic' | 'spark stream' | 'spark folder' | 'spark s3' | 'jdbc' | 'iceberg connect';
type Found = Readonly<Record<Way, Figures>>;

export interface EnginesVerdict {
  readonly rows: number;
  readonly removed: number;
  /** Each way that does not have what the source has, with both. */
  readonly wrong: readonly unknown[];
  readonly seconds: Readonly<Record<string, number>>;
}

/** Rows through the real sinks, read by each engine as `examples/` says, before and after a removal and an erasure. */
export async function runEngines(count: number): Promise<EnginesVerdict> {
  const scratch = await mkdtemp(join(tmpdir(), 'ddc-engines-'));
  const closing: (() => Promise<unknown>)[] = [() => rm(scratch, { recursive: true, force: true })];
  const seconds: Record<string, number> = {};
  const timed = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const from = performance.now();
    const result = await work();
    seconds[name] = Math.round((performance.now() - from) / 100) / 10;
    process.stderr.write(`${name}: ${seconds[name]} s\n`);
    return result;
  };
  try {
    const store = await startS3();
    closing.push(() => store.close());
    const database = await openTestDatabase('engines');
    closing.push(() => database.close());
    const registry = process.env.SCHEMA_REGISTRY_URL ?? '';
    const prefix = uniqueName('engines');
    const topic = `${prefix}.sale`;
    const [folder, lake, streamed] = ['parquet', 'lake', 'streamed'].map((name) => join(scratch, name)) as [
      string,
      string,
      string,
    ];
    const source = await timed('filled', () =>
      fillSource(
        {
          kafka: { brokers: brokers(), registry, prefix },
          folder,
          s3: { target: `s3://${store.bucket}/engines`, endpoint: store.endpoint, ...store.keys },
        },
        count,
      ),
    );
    closing.push(() => source.close());

    const env = {
      KAFKA_BROKERS: brokers().join(),
      APICURIO_URL: registry.replace(/\/ccompat\/v7\/?$/, '/registry/v2'),
    };
    const jdbc = await startJdbc(env, topic, database);
    closing.push(() => jdbc.close());
    const iceberg = await startLake(env, topic, { warehouse: lake, table: 'ddc.sale' });
    closing.push(() => iceberg.close());

    const kafka = { brokers: env.KAFKA_BROKERS, registry, topic };
    const s3 = {
      'spark.hadoop.fs.s3a.endpoint': store.endpoint,
      'spark.hadoop.fs.s3a.path.style.access': 'true',
      'spark.hadoop.fs.s3a.access.key': store.keys.accessKeyId,
      'spark.hadoop.fs.s3a.secret.key': store.keys.secretAccessKey,
    };
    const asked = async (...spark: Parameters<typeof runSpark>) =>
      ((await runSpark(...spark)).rows[0] ?? {}) as unknown as Figures;
    const connected = () => ({ warehouse: lake, sql: sparkFigures('lake.ddc.sale', 'microseconds') });

    async function look(when: string): Promise<Found> {
      const rows = source.rows().length;
      const once = (name: string, work: () => Promise<Figures>) => timed(`${when}, ${name}`, work);
      return {
        'spark topic': await once('spark topic', () => asked('read_topic.py', { ...kafka, sql: sparkFigures('rows') })),
        'spark stream': await once('spark stream', async () => {
          const into = { table: 'lake.ddc.sale', warehouse: streamed };
          await runSpark('stream_topic.py', { ...kafka, ...into, checkpoint: join(scratch, 'checkpoint'), once: true });
          return asked('read_iceberg.py', { warehouse: streamed, sql: sparkFigures('lake.ddc.sale') });
        }),
        'spark folder': await once('spark folder', () =>
          asked('read_parquet.py', { path: join(folder, 'sale'), sql: sparkFigures('rows') }),
        ),
        'spark s3': await once('spark s3', () =>
          asked('read_parquet.py', { path: `s3a://${store.bucket}/engines/sale`, sql: sparkFigures('rows') }, s3),
        ),
        jdbc: await once('jdbc', () => jdbc.figures(rows)),
        'iceberg connect': await once('iceberg connect', async () => {
          if (when === 'before') await iceberg.reached(rows);
          return asked('read_iceberg.py', connected());
        }),
      };
    }

    const wrong: unknown[] = [];
    const compare = (when: string, found: Found): void => {
      for (const [way, figures] of Object.entries(found)) {
        const expected = figuresOf(source.rows(), way === 'jdbc');
        if (JSON.stringify(sorted(figures)) !== JSON.stringify(sorted(expected)))
          wrong.push({ when, way, figures, expected });
      }
    };
    compare('before', await look('before'));

    const all = source.rows().length;
    await source.remove();
    const removed = all - source.rows().length;
    const kept = await asked('read_iceberg.py', { ...connected(), sql: 'SELECT count(*) AS count FROM lake.ddc.sale' });
    const still = await bytesLeft(lake, source.erased);
    // The control: appending is all that it does.
    if (Number(kept.count) !== all || still === 0) wrong.push({ when: 'removed, not deleted yet', kept, all, still });
    const job = await timed('iceberg removals', () =>
      runSpark('remove_from_iceberg.py', {
        ...kafka,
        ...{ removed: `${prefix}-removed`, table: 'lake.ddc.sale', warehouse: lake },
      }),
    );
    if (job.rows[0]?.deleted_rows !== removed) wrong.push({ when: 'deleted', job, removed });
    compare('after', await look('after'));
    const left = await bytesLeft(lake, source.erased);
    if (left > 0) wrong.push({ when: 'after', left });
    return { rows: all, removed, wrong, seconds };
  } finally {
    for (const close of closing.reverse()) await close();
  }
}

const sorted = (figures: Figures) => Object.entries(figures).sort(([a], [b]) => (a < b ? -1 : 1));
