import { type Selectable, sql } from 'kysely';
import { refusalOf } from '../../services/pipeline/exports/room-for.ts';
import {
  type DeclaredBy,
  type DeclaredExport,
  type ExportRun,
  type ExportStatus,
  type Exports,
  NOTE_CODES,
  type PartitionStatus,
} from '../../services/pipeline/ports/exports.ts';
import type { Position } from '../../services/pipeline/ports/positions.ts';
import type { Database } from './database.ts';
import type { DeclaredExportsTable } from './migrations/210-declared-exports.ts';
import { unnest } from './unnest.ts';

const CHANGE = {
  partition: 'integer',
  next: 'bigint',
  mark: 'bigint',
  rows: 'bigint',
  told: 'boolean',
  trouble: 'jsonb',
};

const NOTE = { code: 'text', message: 'text', count: 'bigint', at: 'bigint' };

/** Declared exports in PostgreSQL. */
export function createExports({ kysely }: Database): Exports {
  return {
    add: (declaration, state) =>
      kysely.transaction().execute(async (tx) => {
        // Two that are declared at once would both be the last one.
        await sql`LOCK TABLE declared_exports IN EXCLUSIVE MODE`.execute(tx);
        const known = await tx.selectFrom('declared_exports').select(['name', 'app', 'declared_by']).execute();
        const refusal = refusalOf(
          known.map(({ declared_by, ...one }) => ({ ...one, by: declared_by as DeclaredBy })),
          declaration,
        );
        if (refusal) throw refusal;
        const { name, from, starts, config, by, ...rest } = declaration;
        const row = await tx
          .insertInto('declared_exports')
          .values({
            ...rest,
            ...{ name, state, start: String(from), declared_by: by },
            ...{ types: rest.types && [...rest.types], scopes: [...rest.scopes] },
            ...{ config: JSON.stringify(config), starts: JSON.stringify(starts) },
          })
          .returningAll()
          .executeTakeFirstOrThrow();
        return declaredOf(row);
      }),

    async find(name) {
      const row = await kysely.selectFrom('declared_exports').selectAll().where('name', '=', name).executeTakeFirst();
      return row ? declaredOf(row) : null;
    },

    async list(app) {
      const rows = await kysely
        .selectFrom('declared_exports')
        .selectAll()
        .$if(app !== undefined, (query) => query.where('app', '=', app as Uint8Array))
        .orderBy(sql`name COLLATE "C"`)
        .execute();
      return rows.map(declaredOf);
    },

    async setState(id, state) {
      const row = await kysely
        .updateTable('declared_exports')
        .set({ state: sql`CASE state WHEN 'ending' THEN state ELSE ${state} END` })
        .where('id', '=', id)
        .returningAll()
        .executeTakeFirst();
      return row ? declaredOf(row) : null;
    },

    forget: (id) =>
      kysely.transaction().execute(async (tx) => {
        const gone = await tx
          .deleteFrom('declared_exports')
          .where('id', '=', id)
          .where('state', '=', 'ending')
          .returning('name')
          .executeTakeFirst();
        if (!gone) return false;
        const stage = `export-${gone.name}`;
        await tx.deleteFrom('exports').where('name', '=', gone.name).execute();
        // Whoever takes the name has applied nothing yet.
        await tx.deleteFrom('removal_reports').where('reporter', '=', gone.name).execute();
        await tx.deleteFrom('crashes').where('stage', '=', stage).execute();
        return true;
      }),

    async report(id, changes, at) {
      if (changes.length === 0) return;
      const rows = changes.map(({ partition, position, rows: more = 0, trouble }) => ({
        ...{ partition, next: position?.next ?? null, mark: position?.mark ?? null, rows: more },
        ...{ told: trouble !== undefined, trouble: trouble ? JSON.stringify(trouble) : null },
      }));
      await sql`
        INSERT INTO export_status AS s (export, partition, next, mark, rows, at, trouble)
        SELECT e.id, c.partition, coalesce(c.next, 0), coalesce(c.mark, -1), c.rows, ${at}::bigint, c.trouble
        FROM ${unnest(rows, CHANGE)} AS c (partition, next, mark, rows, told, trouble), declared_exports e WHERE e.id = ${id}::bigint
        ON CONFLICT (export, partition) DO UPDATE SET
          (next, mark, rows, at, trouble) = (
            SELECT coalesce(c.next, s.next), coalesce(c.mark, s.mark), s.rows + c.rows, ${at}::bigint,
              CASE WHEN c.told THEN c.trouble ELSE s.trouble END
            FROM ${unnest(rows, CHANGE)} AS c (partition, next, mark, rows, told, trouble) WHERE c.partition = excluded.partition)`.execute(
        kysely,
      );
    },

    async reportRun(id, { state, starts, at, trouble }) {
      await sql`
        INSERT INTO export_runs (export, state, starts, at, trouble)
        SELECT id, ${state}, ${starts}::integer, ${at}::bigint, ${trouble && JSON.stringify(trouble)}::jsonb FROM declared_exports WHERE id = ${id}
        ON CONFLICT (export) DO UPDATE SET
          state = excluded.state, starts = excluded.starts, at = excluded.at, trouble = excluded.trouble`.execute(
        kysely,
      );
    },

    async note(id, notes) {
      if (notes.length === 0) return;
      await sql`
        INSERT INTO export_notes AS n (export, code, message, count, at)
        SELECT e.id, c.code, c.message, c.count, c.at
        FROM ${unnest([...notes], NOTE)} AS c (code, message, count, at), declared_exports e WHERE e.id = ${id}::bigint
        ON CONFLICT (export, code) DO UPDATE SET
          message = excluded.message, at = excluded.at, count = n.count + excluded.count`.execute(kysely);
    },

    async status(ids) {
      if (ids.length === 0) return [];
      const notes = await kysely
        .selectFrom('export_notes')
        .selectAll()
        .where('export', 'in', [...ids])
        .execute();
      const partitions = await kysely
        .selectFrom('export_status')
        .selectAll()
        .where('export', 'in', [...ids])
        .orderBy('partition')
        .execute();
      const runs = await kysely
        .selectFrom('export_runs')
        .selectAll()
        .where('export', 'in', [...ids])
        .execute();
      return ids.map((id): ExportStatus => {
        const run = runs.find((one) => one.export === id);
        return {
          partitions: partitions
            .filter((one) => one.export === id)
            .map(({ export: _export, next, mark, trouble, ...one }) => ({
              ...one,
              position: { next, mark },
              trouble: trouble as PartitionStatus['trouble'],
            })),
          notes: NOTE_CODES.flatMap((code) =>
            notes
              .filter((one) => one.export === id && one.code === code)
              .map(({ message, count, at }) => ({ code, message, count, at })),
          ),
          run: run
            ? { state: run.state, starts: run.starts, at: run.at, trouble: run.trouble as ExportRun['trouble'] }
            : null,
        };
      });
    },
  };
}

function declaredOf(row: Selectable<DeclaredExportsTable>): DeclaredExport {
  const { start, starts, config, declared_by, created_at, ...rest } = row;
  return {
    ...rest,
    from: start === 'beginning' || start === 'now' ? start : Number(start),
    starts: starts as Position[],
    config: config as Readonly<Record<string, unknown>>,
    by: declared_by as DeclaredBy,
    createdAt: created_at.getTime(),
  };
}
