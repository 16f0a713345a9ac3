import { join } from 'node:path';
import { sandboxCast } from '../../cli/demo/cast.ts';
import { toHex } from '../../protocol/index.ts';
import type { ExportView } from '../../services/pipeline/exports/view.ts';
import type { ReplayView } from '../../services/pipeline/replays/view.ts';
import { bearer, call } from '../support/call-api.ts';
import { parquetRows } from '../support/parquet-rows.ts';
import { eventually } from '../support/room-process.ts';
import type { SuiteSandbox } from '../support/sandbox.ts';

/** Longest that a job, or an export's catching up, is waited for. Milliseconds. */
const PATIENCE_MS = 300_000;

/** Exports and replays as the app has them: over the API, with files below its own folder. */
export async function appsView(it: SuiteSandbox, exports: string) {
  const { app } = await sandboxCast();
  const url = `${it.deployment.api}/v1/apps/${toHex(it.app)}`;
  const folder = (name: string) => join(exports, toHex(it.app), name);

  async function ask<T>(path: string, body?: object): Promise<T> {
    const headers = bearer({ keyPair: app, app: it.app, by: 'app', operations: ['exports.read', 'exports.write'] });
    const answer = await call<T>(`${url}${path}`, { headers, ...(body === undefined ? {} : { body }) });
    if (answer.status >= 300) throw new Error(`${path} was answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  }
  const show = (id: string) => ask<ReplayView>(`/replays/${id}`);

  return {
    show,
    rows: (name: string) => parquetRows(folder(name)),
    declare: (name: string, scopes: readonly string[], query = '', from = 'beginning') =>
      ask<ExportView>(`/exports${query}`, { name, scopes, from, sink: 'parquet', config: { folder: folder(name) } }),
    resume: (name: string) => ask<ExportView>(`/exports/${name}/resume`, {}),
    /** Resolves once the export has taken all that was accepted. */
    caughtUp: (...names: string[]) =>
      eventually(
        `${names.join(' and ')} caught up`,
        async () => {
          for (const name of names) if ((await ask<ExportView>(`/exports/${name}`)).lag.batches > 0) return null;
          return true;
        },
        PATIENCE_MS,
      ),
    /** Into a folder of this name. @param rate events a second; null: no limit */
    replay: (name: string, scopes: readonly string[], rate: number | null | undefined) =>
      ask<ReplayView>('/replays', {
        target: { sink: 'parquet', config: { folder: folder(name) } },
        ...{ scopes, ...(rate === undefined ? {} : { rate }) },
      }),
    replayInto: (name: string, rate: number) => ask<ReplayView>('/replays', { target: { export: name }, rate }),
    order: (id: string, what: 'pause' | 'resume' | 'cancel') => ask<ReplayView>(`/replays/${id}/${what}`, {}),
    until: (id: string, what: string, is: (job: ReplayView) => boolean) =>
      eventually(
        `replay ${id} ${what}`,
        async () => {
          const job = await show(id);
          if (job.state === 'failed') throw new Error(`replay ${id} failed: ${JSON.stringify(job.error)}`);
          return is(job) ? job : null;
        },
        PATIENCE_MS,
      ),
  };
}

export type AppsView = Awaited<ReturnType<typeof appsView>>;

/** Rows of one and not of the other, each as often as it is there. */
export function difference(wanted: readonly string[], found: readonly string[]): { missing: number; more: number } {
  const counts = new Map<string, number>();
  for (const row of wanted) counts.set(row, (counts.get(row) ?? 0) + 1);
  let more = 0;
  for (const row of found) {
    const left = counts.get(row) ?? 0;
    if (left === 0) more += 1;
    else counts.set(row, left - 1);
  }
  return { missing: [...counts.values()].reduce((sum, left) => sum + left, 0), more };
}
