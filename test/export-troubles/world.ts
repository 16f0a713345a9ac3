import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ExportsEdges, withExports } from '../../cli/exports/edges.ts';
import { createApps } from '../../connectors/postgres/apps.ts';
import { fromHex } from '../../protocol/index.ts';
import { declareExport, judgeDeclaration } from '../../services/pipeline/exports/declare.ts';
import { type ExportView, viewExports } from '../../services/pipeline/exports/view.ts';
import { SCOPES } from '../support/pinned-batches.ts';
import { openPinnedLog, type PinnedLog } from '../support/pinned-log.ts';
import { type RoomProcess, startRoom } from '../support/room-process.ts';

const PARTITIONS = 2;
/** Of the disk that gets full. */
const DISK = '6m';

/** Declared exports, and the room that runs them, whose processes have a small disk that nobody else sees. */
export interface World {
  readonly log: PinnedLog;
  readonly edges: ExportsEdges;
  /** As we see it; `null` where this machine lets nobody mount anything. */
  readonly disk: string | null;
  /** As the exports see it. */
  readonly diskInside: string;
  /** A file that exports refer to as `{secret: name}`. */
  secret(name: string, text: string): Promise<{ readonly secret: string }>;
  declare(name: string, said: Declared): Promise<void>;
  views(): Promise<ReadonlyMap<string, ExportView>>;
}

export interface Declared {
  readonly sink: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly schema?: 'text' | 'typed';
  /** Hex; the app of the log when absent. */
  readonly app?: string;
}

/** Runs a test in such a world. @param canMount whether the room may have a disk of its own */
export async function withWorld<T>(canMount: boolean, use: (world: World) => Promise<T>): Promise<T> {
  const log = await openPinnedLog('troubles', PARTITIONS);
  const [secrets, diskInside] = [join(log.scratch, 'secrets'), join(log.scratch, 'disk')];
  let room: RoomProcess | null = null;
  try {
    await mkdir(secrets);
    await mkdir(diskInside);
    const env = { ...log.env, DDC_SECRETS_FOLDER: secrets, DDC_PRIVATE_TARGETS: '127.0.0.1' };
    Object.assign(process.env, env);
    await createApps(log.db).add({ app: fromHex(log.app, 32) });
    const mounting = `mount -t tmpfs -o size=${DISK} tmpfs "$0" && exec "$@"`;
    const within = canMount ? ['unshare', '-Urm', 'sh', '-c', mounting, diskInside] : [];
    room = startRoom('exports', env, within);
    await room.listening;
    const { pid } = room;
    return await withExports((edges) =>
      use({
        log,
        edges,
        diskInside,
        disk: canMount ? join(`/proc/${pid}/root`, diskInside) : null,
        async secret(name, text) {
          await writeFile(join(secrets, name), text);
          return { secret: name };
        },
        async declare(name, { app = log.app, ...said }) {
          const input = { name, scopes: SCOPES, ...said };
          await declareExport(edges.declare, await judgeDeclaration(edges.declare, app, input, 'operator'), 'running');
        },
        async views() {
          const all = await viewExports(edges.view, await edges.exports.list());
          return new Map(all.map((view) => [view.name, view]));
        },
      }),
    );
  } finally {
    await room?.stop();
    await log.close();
  }
}
