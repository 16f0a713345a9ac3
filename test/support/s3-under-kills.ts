import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { seenRows } from '../../connectors/sinks/duckdb/seen-rows.ts';
import { s3Client } from '../../connectors/sinks/s3/client.ts';
import { downloadAll } from '../../connectors/sinks/s3/data.ts';
import { s3Store } from '../../connectors/sinks/s3/s3-store.ts';
import s3Parquet from '../../connectors/sinks/s3-parquet.ts';
import { makeSink } from '../../services/pipeline/define-sink.ts';
import { TABLES } from '../contract/sink-tables.ts';
import type { S3 } from './s3.ts';
import { seen, shown } from './seen-rows.ts';
import { deliverUnderKills, type KillCounts } from './sink-kills.ts';
import { APP, LOG, rowsAt, walletAt } from './told-log.ts';

export interface S3KillsPlan {
  readonly origins: number;
  /** Of members. */
  readonly kills: number;
  /** Of the store. */
  readonly outages: number;
}

export interface S3KillsVerdict extends KillCounts {
  readonly outages: number;
  /** Rows that must be seen, and of them and others what is wrong. */
  readonly rows: number;
  readonly lost: number;
  readonly doubled: number;
  /** Of an owner who was erased in mid-flow. */
  readonly back: number;
  /** Data objects at the end. */
  readonly objects: number;
  /** Staged objects that nobody deleted when the next member started. */
  readonly left: number;
}

/** Members and the store are killed while rows are delivered, merged, and in mid-flow those of one owner erased; then all that a reader sees is counted. */
export async function s3UnderKills(s3: S3, { origins, kills, outages }: S3KillsPlan): Promise<S3KillsVerdict> {
  const scratch = await mkdtemp(join(tmpdir(), 'ddc-s3-kills-'));
  const prefix = basename(scratch);
  const config = {
    target: `s3://${s3.bucket}/${prefix}`,
    endpoint: s3.endpoint,
    ...s3.keys,
    smallFiles: 5,
    scratch: join(scratch, 'way'),
  };
  const gone = { app: APP, wallet: walletAt(3), before: Math.floor(origins / 2), issuedAt: 1_000 };
  const eraser = makeSink(s3Parquet, config, { log: LOG });
  const store = s3Store(s3Client({ ...s3, region: 'us-east-1', timeoutMs: 30_000 }), s3.bucket, `${prefix}/`);
  let out = 0;
  const outage = async () => {
    await s3.restart();
    out += 1;
  };
  async function erase(): Promise<void> {
    for (let left = 20; ; left -= 1) {
      try {
        await eraser.erase([gone]);
        return;
      } catch (error) {
        if (left === 0 || (error as { code?: string }).code !== 'sink_unavailable') throw error;
      }
    }
  }
  const meanwhile = [
    ...Array.from({ length: outages }, (_, i) => ({ at: Math.floor(((i + 0.7) * origins) / outages), act: outage })),
    { at: Math.floor(origins / 3), act: erase },
  ].sort((a, b) => a.at - b.at);
  try {
    const counts = await deliverUnderKills({ sink: s3Parquet.name, config, end: origins, kills, meanwhile });
    const last = makeSink(s3Parquet, config, { log: LOG });
    await last.check();
    await last.close();
    await downloadAll(store, join(scratch, 'seen'));
    const found = seen(await seenRows(join(scratch, 'seen'), TABLES)).map((one) => JSON.stringify(one, plain));
    const expected = shown(
      Array.from({ length: origins }, (_, origin) => rowsAt(origin))
        .flat()
        .filter(({ wallet, origin }) => wallet !== gone.wallet || origin >= gone.before),
    ).map((one) => JSON.stringify(one, plain));
    const all = new Set(found);
    const wanted = new Set(expected);
    const isBack = (text: string) => (JSON.parse(text) as { wallet: string }).wallet === gone.wallet;
    return {
      ...counts,
      outages: out,
      rows: expected.length,
      lost: expected.filter((one) => !all.has(one)).length,
      doubled: found.length - all.size,
      back: [...all].filter((one) => !wanted.has(one) && isBack(one)).length,
      objects: (await store.list('')).filter(({ name }) => name.endsWith('.parquet')).length,
      left: (await store.list('_ddc/')).filter(({ name }) => name.includes('/staging/')).length,
    };
  } finally {
    await eraser.close();
    store.close();
    await rm(scratch, { recursive: true, force: true });
  }
}

const plain = (_: string, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value);
