import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import parquet from '../../connectors/sinks/parquet.ts';
import type { ExportView } from '../../services/pipeline/exports/view.ts';
import type { ExportRow } from '../../services/pipeline/ports/sink.ts';
import { REJECTED_TABLE } from '../../services/pipeline/ports/table.ts';
import { TABLE } from '../support/pinned-batches.ts';
import { eventually } from '../support/room-process.ts';
import { brokenExport, strictExport } from './poison.ts';
import { idsOf, type MakeTrouble, type Times, type Trouble, wordsOf } from './trouble.ts';
import { type World, withWorld } from './world.ts';

export interface TroublesPlan extends Times {
  readonly troubles: readonly MakeTrouble[];
  readonly canMount: boolean;
  /** Longest wait of anything. Milliseconds. */
  readonly withinMs: number;
  say(text: string): void;
}

/** What came of it. */
export interface TroublesVerdict {
  /** What the status of each export said while it was in trouble. */
  readonly said: Readonly<Record<string, string>>;
  /** Whose status did not say what it should. */
  readonly silent: readonly string[];
  /** Rows that are missing, or there twice, in the end, by export. */
  readonly wrong: Readonly<Record<string, string>>;
  /** Of an export that nothing is wrong with: before the troubles, and meanwhile, the oldest batch that it had not taken. Seconds. */
  readonly lag: { readonly before: number; readonly meanwhile: number };
  /** Rows that each export had to have. */
  readonly rows: number;
  /** Whether all were well again. */
  readonly healthy: boolean;
  /** Seconds from the end of the troubles until everything was everywhere. */
  readonly recovered: number;
}

const BATCHES = 4;
const EVENTS = 4;
const EVERY_MS = 400;
const LOOK_MS = 300;

/** Everything goes wrong at once, each with an export of its own; nothing with the export `good`. */
export function exportTroubles(plan: TroublesPlan): Promise<TroublesVerdict> {
  return withWorld(plan.canMount, async (world) => {
    const troubles: Trouble[] = [];
    try {
      for (const make of plan.troubles) troubles.push(await make(world, plan));
      return await run(world, troubles, plan);
    } finally {
      for (const trouble of troubles) await trouble.close();
    }
  });
}

async function run(world: World, troubles: readonly Trouble[], plan: TroublesPlan): Promise<TroublesVerdict> {
  const { log, declare, views } = world;
  const { say, withinMs } = plan;
  const rows: ExportRow[] = [];
  const feed = async () => {
    rows.push(...(await log.feed(BATCHES, EVENTS)));
  };
  const folder = join(log.scratch, 'good');
  await declare('good', { sink: 'parquet', config: { folder }, schema: 'text' });
  for (const { name, declared } of troubles) await declare(name, declared);
  const strict = await strictExport(world);
  await feed();
  const names = ['good', 'strict', ...troubles.map(({ name }) => name)];
  const caughtUp = (wanted: readonly string[]) =>
    eventually(
      'every export has taken everything',
      async () => {
        const all = await views();
        const late = wanted.filter((name) => all.get(name)?.lag.batches !== 0);
        return late.length === 0 ? true : null;
      },
      withinMs,
    );
  await caughtUp(names);
  const lagOf = (all: ReadonlyMap<string, ExportView>) => all.get('good')?.lag.seconds ?? Number.POSITIVE_INFINITY;

  /** Batches come, and the statuses are looked at, until `until` says that it is enough. */
  async function watch(look: (all: ReadonlyMap<string, ExportView>) => boolean): Promise<number> {
    let most = 0;
    let enough = false;
    const feeding = (async () => {
      while (!enough) {
        await feed();
        await pause(EVERY_MS);
      }
    })();
    try {
      while (!enough) {
        const all = await views();
        most = Math.max(most, lagOf(all));
        enough = look(all);
        await pause(LOOK_MS);
      }
    } finally {
      enough = true;
      await feeding;
    }
    return most;
  }

  const started = performance.now();
  const before = await watch(() => performance.now() - started > Math.min(plan.lastsMs, 5_000));
  say(`lag of the good one before: ${before} s`);
  const broken = await brokenExport(world);
  for (const trouble of troubles) await trouble.begin();
  await strict.changeSchema();

  const wanted = new Map<string, readonly RegExp[]>([
    ...troubles.map(({ name, words }) => [name, [words]] as const),
    [
      'strict',
      [
        /rows_rejected: PURCHASE: the value is of another type than the field; the last is event [0-9a-f-]+ \(origin/,
        /schema_changed: PAGE_VIEW is exported by version 2 of its schema from here on \(before: version 1/,
      ],
    ],
    ['broken', [/crash-loop: at origin \d+: the partition is paused: it crashed three times at this place/]],
  ]);
  const said = new Map<string, string>();
  const unsaid = () =>
    [...wanted].flatMap(([name, all]) => all.map((words) => `${name} ${words}`)).filter((key) => !said.has(key));
  const began = performance.now();
  const meanwhile = await watch((all) => {
    for (const [name, words] of wanted) {
      const view = all.get(name);
      if (!view) continue;
      const text = wordsOf(view);
      const failing = name === 'strict' || view.health === 'failing';
      for (const each of words) {
        const key = `${name} ${each}`;
        const line = text.split('\n').find((one) => each.test(one));
        if (!failing || line === undefined || said.has(key)) continue;
        said.set(key, line);
        say(`${name} after ${Math.round((performance.now() - began) / 1_000)} s: ${line}`);
      }
    }
    const took = performance.now() - began;
    return (unsaid().length === 0 && took > plan.lastsMs) || took > withinMs;
  });
  say(`lag of the good one meanwhile: ${meanwhile} s`);

  for (const trouble of troubles) await trouble.end();
  const ended = performance.now();
  const silent = unsaid();
  await caughtUp(names).catch((error: Error) => say(error.message));
  const recovered = Math.round((performance.now() - ended) / 1_000);
  const healthy = await eventually(
    'all are well',
    async () => {
      const all = await views();
      return names.every((name) => all.get(name)?.health === 'running') ? true : null;
    },
    withinMs,
  ).catch(() => false);
  return {
    said: Object.fromEntries(said),
    silent,
    lag: { before, meanwhile },
    rows: rows.length,
    recovered,
    healthy,
    wrong: await wrongIn(world, { troubles, strict, broken, folder, rows }),
  };
}

interface Ends {
  readonly troubles: readonly Trouble[];
  readonly strict: Awaited<ReturnType<typeof strictExport>>;
  readonly broken: Awaited<ReturnType<typeof brokenExport>>;
  readonly folder: string;
  readonly rows: readonly ExportRow[];
}

/** What is not as it should be in the end, in words. */
async function wrongIn({ views }: World, ends: Ends): Promise<Record<string, string>> {
  const { troubles, strict, broken, folder, rows } = ends;
  const wrong: Record<string, string> = {};
  const wanted = JSON.stringify(idsOf(rows));
  const judge = (name: string, found: readonly Pick<ExportRow, 'eventId'>[]) => {
    if (JSON.stringify(idsOf(found)) !== wanted) wrong[name] = `${found.length} rows of ${rows.length}, or others`;
  };
  judge('good', await (await parquet.trial(folder, async () => '')).rows([TABLE]));
  for (const { name, rows: shown } of troubles) judge(name, await shown());
  const typed = await strict.rows();
  judge('strict', typed);
  const rejected = typed.filter(({ table }) => table === REJECTED_TABLE);
  const poison = rows.filter(({ type }) => type === 'PURCHASE');
  if (JSON.stringify(idsOf(rejected)) !== JSON.stringify(idsOf(poison)))
    wrong.rejected = `${rejected.length} of ${poison.length}`;
  const notes = typed.filter(({ type }) => type === 'PAGE_VIEW').map(({ values }) => values.note !== null);
  if (!notes.includes(true) || !notes.includes(false)) wrong.versions = 'rows are not of both versions';
  const count = ((await views()).get('strict')?.notes ?? []).find(({ code }) => code === 'rows_rejected')?.count;
  if (count !== poison.length) wrong.count = `${count} rows are told as rejected, ${poison.length} were`;
  const [of0, of1] = [0, 1].map((partition) =>
    broken.rows().then((all) => all.filter((row) => row.partition === partition)),
  );
  const { before, other } = broken.exportable;
  if ((await of0)?.length !== before)
    wrong.broken = `${(await of0)?.length} rows before the batch, ${before} were sent`;
  if ((await of1)?.length !== other)
    wrong.beside = `${(await of1)?.length} rows in the other partition, ${other} were sent`;
  const mark = (await views()).get('broken')?.partitions[0]?.position.mark;
  if (mark !== broken.origin - 1) wrong.place = `it stands at ${mark}, the batch is at ${broken.origin}`;
  return wrong;
}

/** What is wrong with a run; nothing when it passed. @param mostLag of an export that nothing is wrong with, seconds */
export function problemsOf({ silent, wrong, lag, healthy }: TroublesVerdict, mostLag: number): string[] {
  return [
    ...silent.map((what) => `the status never said: ${what}`),
    ...Object.entries(wrong).map(([name, what]) => `${name}: ${what}`),
    ...(lag.meanwhile > mostLag ? [`the lag of the export that nothing is wrong with grew to ${lag.meanwhile} s`] : []),
    ...(healthy ? [] : ['not all exports were well in the end']),
  ];
}
