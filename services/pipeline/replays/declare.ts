import { toHex } from '../../../protocol/index.ts';
import type { JudgeSink } from '../exports/declare.ts';
import { judgeSecrets } from '../exports/declare.ts';
import { BadDeclaration, type DeclarationProblem } from '../exports/problem.ts';
import { readMembers } from '../exports/shape.ts';
import type { DeclaredBy, DeclaredExport, ExportState } from '../ports/exports.ts';
import type { Positions } from '../ports/positions.ts';
import type { ReplayJob, ReplaySpec, Replays } from '../ports/replays.ts';
import type { ExportPlan } from '../variables.ts';
import { newJob } from './job.ts';
import { freshProgress } from './progress.ts';
import { DEFAULT_PACE, type ReplayInput, replayShape } from './shape.ts';

/** An export as far as a replay into it needs to know. */
export interface ReplayedExport extends Pick<ExportPlan, 'app' | 'scopes' | 'types' | 'schema' | 'sink' | 'config'> {
  readonly by: DeclaredBy;
  /** null: it is run by hand. */
  readonly state: ExportState | null;
}

/** A declared export as a replay into it takes it. */
export function replayedOf({ app, scopes, types, config, schema, sink, by, state }: DeclaredExport): ReplayedExport {
  const lists = { scopes: [...scopes], types: types && [...types], config: { ...config } };
  return { app: toHex(app), ...lists, schema, sink, by, state };
}

export interface JudgeReplayEdges {
  exportOf(name: string): Promise<ReplayedExport | null>;
  readonly judgeSink: JudgeSink;
  readonly replays: Pick<Replays, 'waiting'>;
  /** What whoever asks may not, beside what nobody may. */
  readonly bounds?: (target: {
    readonly sink: string;
    readonly config: Readonly<Record<string, unknown>>;
  }) => Promise<readonly DeclarationProblem[]>;
}

/** Of one app, at most so many wait or run. */
export const MOST_REPLAYS = 20;

/**
 * Judges as a whole what is asked for.
 * @param app hex
 * @param host the machine that alone can write to the target; null: any
 * @throws BadDeclaration with everything that is wrong with it
 */
export async function judgeReplay(
  edges: JudgeReplayEdges,
  app: string,
  input: unknown,
  by: DeclaredBy,
  host: string | null = null,
): Promise<ReplaySpec> {
  const { said, problems: form } = readMembers(replayShape, input);
  const problems = [...form, ...judgeTimes(said), ...(await judgeNumber(edges, app))];
  const { target } = said;
  const into = target && 'export' in target ? await judgeExport(edges, app, target.export, said, problems) : null;
  if (target && 'sink' in target) await judgeOwn(edges, target, said, problems);
  if (problems.length > 0 || !target) throw new BadDeclaration(problems, 'The replay was not made');
  const { wallet = null, types = null, from = null, to = null, rate, scopes = [], schema = 'typed' } = said;
  const pace = rate === undefined ? DEFAULT_PACE : { rate, cpuShare: null };
  const wish = { app, wallet, from, to, ...pace, host };
  if ('sink' in target) {
    const sink = { name: target.sink, config: target.config };
    return { ...wish, types, scopes, schema, target: { kind: 'sink' }, sink, by };
  }
  // What an export is declared with cannot be said otherwise: its target holds what it exports.
  const known = into as ReplayedExport;
  return {
    ...{ ...wish, types: types ?? known.types, scopes: known.scopes, schema: known.schema, by: known.by },
    target: { kind: 'export', name: target.export },
    sink: { name: known.sink, config: known.config },
  };
}

function judgeTimes({ from, to }: Partial<ReplayInput>): DeclarationProblem[] {
  if (typeof from !== 'number' || typeof to !== 'number' || from < to) return [];
  return [{ code: 'time_range', path: 'to', message: 'is not after `from`' }];
}

async function judgeNumber({ replays }: JudgeReplayEdges, app: string): Promise<DeclarationProblem[]> {
  const open = (await replays.waiting(1_000)).filter(({ job }) => job.spec.app === app);
  if (open.length < MOST_REPLAYS) return [];
  const message = `${open.length} replays of this app wait or run, and ${MOST_REPLAYS} is the most: let them end, or cancel some`;
  return [{ code: 'too_many_replays', path: '', message }];
}

async function judgeOwn(
  { judgeSink, bounds }: JudgeReplayEdges,
  { sink, config }: { readonly sink: string; readonly config: Readonly<Record<string, unknown>> },
  { scopes }: Partial<ReplayInput>,
  problems: DeclarationProblem[],
): Promise<void> {
  const found = [
    ...(await judgeSink(sink, config)),
    ...judgeSecrets(config),
    ...((await bounds?.({ sink, config })) ?? []),
  ];
  problems.push(...found.map((one) => ({ ...one, path: `target.${one.path}` })));
  if (scopes === undefined && !problems.some(({ path }) => path.startsWith('scopes')))
    problems.push({ code: 'missing', path: 'scopes', message: 'has to be there; empty: rows without content' });
}

async function judgeExport(
  { exportOf }: JudgeReplayEdges,
  app: string,
  name: string,
  said: Partial<ReplayInput>,
  problems: DeclarationProblem[],
): Promise<ReplayedExport | null> {
  const path = 'target.export';
  const known = await exportOf(name);
  if (known?.app !== app || known.state === 'ending') {
    problems.push({ code: 'unknown_export', path, message: `${name} is no export of this app` });
    return null;
  }
  if (known.state === 'running')
    problems.push({
      code: 'export_running',
      path,
      message: `${name} runs: pause it, and let it go on when the replay is done`,
    });
  for (const member of ['scopes', 'schema'] as const)
    if (said[member] !== undefined)
      problems.push({
        code: 'of_the_export',
        path: member,
        message: `is what ${name} was declared with: leave it out`,
      });
  for (const [i, type] of (said.types ?? []).entries())
    if (known.types && !known.types.includes(type))
      problems.push({
        code: 'of_the_export',
        path: `types.${i}`,
        message: `${name} takes ${known.types.join(', ')} only`,
      });
  return known;
}

export interface UntilsEdges {
  readonly positions: Pick<Positions, 'load'>;
  readonly partitions: number;
  /** Partition of a wallet, in hex. */
  readonly partitionOf: (wallet: string) => number;
}

/** Last origin that is pinned now, of each partition that the replay has to read. */
export async function untilsOf(
  { positions, partitions, partitionOf }: UntilsEdges,
  { wallet }: Pick<ReplaySpec, 'wallet'>,
): Promise<ReadonlyMap<number, number>> {
  const all = Array.from({ length: partitions }, (_, partition) => partition);
  const wanted = wallet === null ? all : [partitionOf(wallet)];
  const marks = wanted.map(async (partition) => [partition, (await positions.load('pinner', partition)).mark] as const);
  return new Map(await Promise.all(marks));
}

/** Makes a job of what was judged: it reads what is pinned now. @param id a new one */
export async function makeReplay(
  edges: UntilsEdges & { readonly replays: Pick<Replays, 'add'>; readonly now: () => number },
  id: string,
  spec: ReplaySpec,
): Promise<ReplayJob> {
  const job = newJob(id, spec, freshProgress(await untilsOf(edges, spec)), edges.now());
  await edges.replays.add(job);
  return job;
}
