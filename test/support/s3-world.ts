import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { seenRows } from '../../connectors/sinks/duckdb/seen-rows.ts';
import { s3Client } from '../../connectors/sinks/s3/client.ts';
import { downloadAll } from '../../connectors/sinks/s3/data.ts';
import { s3Store } from '../../connectors/sinks/s3/s3-store.ts';
import type { ObjectStore } from '../../connectors/sinks/s3/store.ts';
import s3Parquet from '../../connectors/sinks/s3-parquet.ts';
import { makeSink, type SeenRow, type SinkContext, type SinkStep } from '../../services/pipeline/define-sink.ts';
import type { ExportRow, Sink } from '../../services/pipeline/ports/sink.ts';
import { EVENTS } from '../contract/sink-tables.ts';
import type { S3 } from './s3.ts';
import { seen } from './seen-rows.ts';

export const APP = 'a1'.repeat(32);
export const [GONE, KEPT] = ['aa'.repeat(32), 'bb'.repeat(32)];
export const erasureOf = (wallet: string, before: number) => ({ app: APP, wallet, before, issuedAt: 1_000 });

export const row = (origin: number, wallet = KEPT, fields: Partial<ExportRow> = {}): ExportRow => ({
  app: APP,
  wallet,
  batchId: origin.toString(16).padStart(64, '0'),
  eventId: `event-${origin}`,
  type: 'purchase',
  time: Date.UTC(2026, 0, 1, 12),
  session: null,
  blob: null,
  signer: 'wallet',
  source: 'c3'.repeat(16),
  seq: origin,
  slot: 0,
  origin,
  partition: 0,
  issuedAt: 1_000,
  verified: true,
  table: EVENTS,
  values: { scope_purchase: `of ${origin}`, scope___default_scope: null },
  ...fields,
});

export const delivery = (first: number, last: number) => ({
  partition: 0,
  from: { next: first, mark: first - 1 },
  to: { next: last + 1, mark: last },
  first,
  last,
});

/** A prefix of its own in a store, and the members of an export that use it. */
export interface S3World {
  readonly store: ObjectStore;
  open(config?: object, reach?: SinkContext['reach']): Promise<Sink>;
  /** What a consumer of the prefix sees now. */
  rows(): Promise<SeenRow[]>;
  /** Names of the data objects. */
  data(): Promise<string[]>;
  close(): Promise<void>;
}

export async function s3World({ endpoint, bucket, keys }: S3): Promise<S3World> {
  const scratch = await mkdtemp(join(tmpdir(), 'ddc-s3-'));
  const prefix = basename(scratch);
  const store = s3Store(s3Client({ endpoint, region: 'us-east-1', keys, timeoutMs: 30_000 }), bucket, `${prefix}/`);
  const opened: Sink[] = [];
  return {
    store,
    async open(config = {}, reach) {
      const defaults = { target: `s3://${bucket}/${prefix}`, endpoint, ...keys, scratch: join(scratch, 'way') };
      const sink = makeSink(
        s3Parquet,
        { ...defaults, ...config },
        { log: 'f6', name: 'shop', ...(reach ? { reach } : {}) },
      );
      opened.push(sink);
      await sink.check();
      return sink;
    },
    async rows() {
      await downloadAll(store, join(scratch, 'seen'));
      return seen(await seenRows(join(scratch, 'seen'), [EVENTS]));
    },
    data: async () => (await store.list('events/')).map(({ name }) => name.slice(name.lastIndexOf('/') + 1)),
    async close() {
      for (const sink of opened) await sink.close();
      store.close();
      await rm(scratch, { recursive: true, force: true });
    },
  };
}

/** Lets a test wait until something gets to a step, and hold it there. */
export function gate() {
  let arrive = () => {};
  let open = () => {};
  const arrived = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { arrived, opened, arrive, open };
}

/** `reach` that stops at the first `at`, and goes on when the gate is opened. */
export const heldAt =
  (at: SinkStep, { arrive, opened }: ReturnType<typeof gate>) =>
  (step: SinkStep): Promise<void> | undefined => {
    if (step !== at) return undefined;
    arrive();
    return opened;
  };
