import { sql } from 'kysely';
import { fromHex, toHex } from '../../protocol/index.ts';
import {
  type Blob,
  type Blobs,
  type NamedBlob,
  UNREFERENCED_MS,
  UPLOAD_MS,
} from '../../services/pipeline/ports/blobs.ts';
import type { Owner } from '../../services/pipeline/ports/vault.ts';
import { markOf } from '../../services/pipeline/rules/removal.ts';
import type { Database, Executor } from './database.ts';

const columns = [
  ...(['id', 'app', 'wallet', 'upload', 'scope', 'epoch', 'cluster', 'cid', 'size', 'state'] as const),
  'root_version as rootVersion',
] as const;
/** Rows of these are of no use to anybody once nothing is pinned. */
const FORGOTTEN = ['interrupted', 'erased'] as const;

/** `blobs` and `blob_references` in PostgreSQL. Every step is one statement, or a transaction whose order of locks is that of the ids. */
export function createBlobs({ kysely }: Database): Blobs {
  const ofOwner = ({ app, wallet }: Owner) =>
    kysely.selectFrom('blobs').select(columns).where('app', '=', app).where('wallet', '=', wallet);

  return {
    async begin({ rootVersion, ...attempt }, now) {
      const row = { ...attempt, root_version: rootVersion, state: 'uploading' as const, created_at: now };
      await kysely
        .insertInto('blobs')
        .values({ ...row, cid: null, size: null, why: null, refs: 0, pinned: false, finished_at: null })
        .execute();
    },

    async pinning(id, { cid, size }) {
      const { numUpdatedRows } = await kysely
        .updateTable('blobs')
        .set({ cid, size, pinned: true })
        .where('id', '=', id)
        .where('state', '=', 'uploading')
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    },

    async finish(id, now) {
      // The unique index is asked by the insert or update itself: of two attempts at once the second waits for the first.
      const finished = await sql<{ id: Uint8Array }>`
        UPDATE blobs b SET state = 'live', finished_at = ${now}
        WHERE id = ${id} AND state = 'uploading' AND NOT EXISTS (
          SELECT FROM removals r WHERE r.app = b.app AND r.wallet = b.wallet AND r.kind = 'erase' AND b.root_version = ANY(r.root_versions)
        )
        RETURNING id`
        .execute(kysely)
        .catch((error: unknown) => {
          if (isTaken(error)) return null;
          throw error;
        });
      if (finished?.rows.length === 1) return 'live';
      await this.abandon(id);
      return finished ? 'gone' : 'taken';
    },

    async abandon(id) {
      await kysely
        .updateTable('blobs')
        .set({ state: 'gone', why: 'interrupted' })
        .where('id', '=', id)
        .where('state', '=', 'uploading')
        .execute();
      await forget(kysely);
    },

    async ofUpload(owner, upload) {
      const row = await ofOwner(owner).where('upload', '=', upload).where('state', '=', 'live').executeTakeFirst();
      return row ? (row as Blob) : null;
    },

    async find(owner, cid) {
      const row = await ofOwner(owner)
        .where('cid', '=', cid)
        .where('finished_at', 'is not', null)
        .orderBy('state', 'desc')
        .executeTakeFirst();
      return row ? (row as Blob) : null;
    },

    async refer({ app, wallet, batchId, issuedAt, blobs }) {
      if (blobs.length === 0) return;
      const owner = { app, wallet };
      const [cids, ids, times] = [blobs.map((b) => b.cid), blobs.map((b) => b.eventId), blobs.map((b) => b.time)];
      const marks = blobs.map(({ session }) => markOf(owner, session)).map((mark) => mark && fromHex(mark, 32));
      // The row is written, not only read: `expire` waits for it and sees then that it is named.
      await sql`
        WITH named AS (
          SELECT id FROM blobs WHERE app = ${app} AND wallet = ${wallet} AND cid = ANY(${cids}::text[]) AND state = 'live'
          ORDER BY id FOR UPDATE
        ), hit AS (
          UPDATE blobs SET refs = refs + 1 WHERE id IN (SELECT id FROM named) RETURNING id, cid
        )
        INSERT INTO blob_references (blob, batch_id, event_id, time, issued_at, session)
        SELECT hit.id, ${batchId}, r.event_id, r.time, ${issuedAt}, r.session
        FROM unnest(${cids}::text[], ${ids}::text[], ${times}::bigint[], ${marks}::bytea[]) AS r (cid, event_id, time, session)
        JOIN hit USING (cid)
        ON CONFLICT DO NOTHING`.execute(kysely);
    },

    async references(id, limit, after) {
      const { rows } = await sql<{
        batchId: Uint8Array;
        eventId: string;
        time: number;
        session: Uint8Array | null;
        issuedAt: number;
      }>`
        SELECT batch_id AS "batchId", event_id AS "eventId", time, session, issued_at AS "issuedAt" FROM blob_references
        WHERE blob = ${id} AND (batch_id, event_id) > (${after?.batchId ?? new Uint8Array()}, ${after?.eventId ?? ''})
        ORDER BY batch_id, event_id LIMIT ${limit}`.execute(kysely);
      return rows.map((row) => ({ ...row, session: row.session && { mark: toHex(row.session) } }));
    },

    async named(limit, after = new Uint8Array()) {
      const { rows } = await sql<NamedBlob>`
        SELECT id, app, wallet, refs FROM blobs b WHERE state = 'live' AND refs > 0 AND id > ${after} AND (
          EXISTS (SELECT FROM removed_events r WHERE r.app = b.app AND r.wallet = b.wallet)
          OR EXISTS (SELECT FROM removed_sessions r WHERE r.app = b.app AND r.wallet = b.wallet)
          OR EXISTS (SELECT FROM removed_ranges r WHERE r.app = b.app AND r.wallet = b.wallet)
        ) ORDER BY id LIMIT ${limit}`.execute(kysely);
      return rows;
    },

    async remove(id, refs) {
      await kysely
        .updateTable('blobs')
        .set({ state: 'gone', why: 'removed' })
        .where('id', '=', id)
        .where('state', '=', 'live')
        .where('refs', '=', refs)
        .execute();
    },

    async erase({ app, wallet }, rootVersions) {
      const { numUpdatedRows } = await kysely
        .updateTable('blobs')
        .set({ state: 'gone', why: 'erased' })
        .where('app', '=', app)
        .where('wallet', '=', wallet)
        .where(sql<boolean>`root_version = ANY(${[...rootVersions]}::integer[])`)
        .executeTakeFirst();
      await forget(kysely);
      return Number(numUpdatedRows);
    },

    async expire(now) {
      const { rows } = await sql<{ id: Uint8Array }>`
        UPDATE blobs SET state = 'gone', why = CASE state WHEN 'live' THEN 'unreferenced' ELSE 'interrupted' END
        WHERE (state = 'live' AND refs = 0 AND finished_at < ${now - UNREFERENCED_MS})
           OR (state = 'uploading' AND created_at < ${now - UPLOAD_MS})
        RETURNING id`.execute(kysely);
      await forget(kysely);
      return rows.length;
    },

    async doomed(limit) {
      const rows = await kysely
        .selectFrom('blobs')
        .select(['id', 'cluster', 'cid'])
        .where('state', '=', 'gone')
        .where('pinned', '=', true)
        .orderBy('id')
        .limit(limit)
        .execute();
      return rows.map(({ id, cluster, cid }) => ({ id, cluster, cid: cid as string }));
    },

    async unpinned(ids) {
      await kysely
        .updateTable('blobs')
        .set({ pinned: false })
        .where(sql<boolean>`id = ANY(${[...ids]}::bytea[])`)
        .execute();
      await forget(kysely);
    },
  };
}

/** What was interrupted or erased leaves no row behind; what nobody named does, so that it can be told why it is gone. */
async function forget(executor: Executor): Promise<void> {
  await executor
    .deleteFrom('blobs')
    .where('state', '=', 'gone')
    .where('pinned', '=', false)
    .where('why', 'in', FORGOTTEN)
    .execute();
}

const isTaken = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === '23505' && 'constraint' in error
    ? error.constraint === 'blobs_upload'
    : false;
