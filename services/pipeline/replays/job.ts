import type { ReplayJob, ReplayProgress, ReplaySpec } from '../ports/replays.ts';
import { originsDone } from './progress.ts';

/** So long is whoever works on a job believed to be alive without a word. Milliseconds. */
export const LEASE_MS = 8_000;

/** Jobs that are worked on at once in a deployment, by however many rooms and commands; the others wait for their turn. */
export const AT_ONCE = 2;

/** What may happen to a job. Those with a `holder` come from whoever works on it, the others from people. */
export type ReplayCommand =
  | { readonly kind: 'take'; readonly holder: string }
  /** Its target is its own. */
  | { readonly kind: 'claim'; readonly holder: string; readonly progress: ReplayProgress }
  /** It lives, and has come so far. Answered also where the job was paused or cancelled meanwhile: then the holder lets go, and is believed to be at work until it says that it leaves. */
  | {
      readonly kind: 'beat';
      readonly holder: string;
      readonly progress: ReplayProgress;
      readonly error: ReplayJob['error'];
    }
  /** The process stops: another may go on at once. */
  | { readonly kind: 'leave'; readonly holder: string; readonly progress: ReplayProgress }
  | { readonly kind: 'finish'; readonly holder: string; readonly progress: ReplayProgress }
  | {
      readonly kind: 'fail';
      readonly holder: string;
      readonly progress: ReplayProgress;
      readonly error: NonNullable<ReplayJob['error']>;
    }
  /** Whoever was to work on it ended before it could. */
  | { readonly kind: 'trouble'; readonly error: NonNullable<ReplayJob['error']> }
  /** What it had beside its rows is taken away. */
  | { readonly kind: 'clear' }
  | { readonly kind: 'pause' | 'resume' | 'cancel' };

/** A command that the job is in no state for. */
export class ReplayRefused extends Error {
  readonly code:
    | 'replay_over'
    | 'replay_taken'
    | 'replay_lost'
    | 'replay_not_paused'
    | 'replay_paused'
    | 'replay_unknown'
    | 'target_used'
    | 'target_moved'
    | 'export_running';
  constructor(code: ReplayRefused['code'], message: string) {
    super(message);
    this.name = 'ReplayRefused';
    this.code = code;
  }
}

export function newJob(id: string, spec: ReplaySpec, progress: ReplayProgress, now: number): ReplayJob {
  const nothing = { endedAt: null, clearedAt: null, claimedAt: null, lease: null, run: null, error: null };
  return { id, spec, state: 'pending', createdAt: now, ...nothing, progress };
}

export const isOver = ({ state }: Pick<ReplayJob, 'state'>): boolean => state === 'done' || state === 'cancelled';

/** Under which name a job reads keys and is asked for removals: an export's is its own. */
export const reporterOf = ({ id, spec }: Pick<ReplayJob, 'id' | 'spec'>): string =>
  spec.target.kind === 'export' ? spec.target.name : `replay-${id}`;

/** Another than `holder` is believed to work on it. */
export const isTaken = ({ lease }: ReplayJob, holder: string | null, now: number): boolean =>
  lease !== null && lease.holder !== holder && now < lease.until;

/**
 * The job after a command. At most one holder is believed to be at work at any time: a lease ends when its holder lets go or was not heard of.
 * @param now milliseconds since the epoch
 * @throws ReplayRefused
 */
export function decide(job: ReplayJob, command: ReplayCommand, now: number): ReplayJob {
  switch (command.kind) {
    case 'take':
      return take(job, command.holder, now);
    case 'pause':
      if (job.state === 'paused') return job;
      if (job.state !== 'pending' && job.state !== 'running') throw over(job);
      return { ...job, state: 'paused', run: null };
    case 'resume':
      if (job.state === 'pending' || job.state === 'running')
        throw new ReplayRefused('replay_not_paused', `Replay ${job.id} is ${job.state}: there is nothing to resume.`);
      if (isOver(job)) throw over(job);
      // What is missing in its target then, it would call done.
      if (job.error?.code === 'target_moved') throw new ReplayRefused('target_moved', job.error.message);
      return { ...job, state: 'pending', error: null };
    case 'cancel':
      if (isOver(job)) throw over(job);
      return { ...job, state: 'cancelled', run: null, endedAt: now };
    case 'clear':
      return isOver(job) ? { ...job, clearedAt: job.clearedAt ?? now } : job;
    case 'trouble':
      return job.state === 'pending' ? { ...job, error: command.error } : job;
    default:
      return held(job, command, now);
  }
}

function take(job: ReplayJob, holder: string, now: number): ReplayJob {
  if (isTaken(job, holder, now))
    throw new ReplayRefused('replay_taken', `Replay ${job.id} is being worked on by ${job.lease?.holder}.`);
  if (job.state === 'paused' || job.state === 'failed')
    throw new ReplayRefused(
      'replay_paused',
      `Replay ${job.id} is ${job.state}: \`ddc replay resume ${job.id}\` lets it go on.`,
    );
  if (isOver(job)) throw over(job);
  const lease = { holder, until: now + LEASE_MS };
  return { ...job, state: 'running', lease, run: { at: now, origins: originsDone(job.progress) } };
}

/** Commands of a holder: refused once another has taken the job. */
function held(
  job: ReplayJob,
  command: Extract<ReplayCommand, { readonly holder: string; readonly progress: ReplayProgress }>,
  now: number,
): ReplayJob {
  const { holder, progress } = command;
  if (job.lease?.holder !== holder)
    throw new ReplayRefused('replay_lost', `Replay ${job.id} is no longer worked on by ${holder}.`);
  const left = { ...job, progress, lease: null, run: null };
  const stays = command.kind === 'claim' || command.kind === 'beat';
  // By order of somebody: what the holder has done counts, but the state is no longer its to change.
  if (job.state !== 'running') return stays ? { ...job, progress, lease: { holder, until: now + LEASE_MS } } : left;
  switch (command.kind) {
    case 'claim':
      return { ...job, claimedAt: job.claimedAt ?? now, lease: { holder, until: now + LEASE_MS } };
    case 'beat':
      return { ...job, progress, error: command.error, lease: { holder, until: now + LEASE_MS } };
    case 'leave':
      return { ...left, state: 'pending' };
    case 'finish':
      return { ...left, state: 'done', error: null, endedAt: now };
    case 'fail':
      return { ...left, state: 'failed', error: command.error };
    default:
      throw new Error(`a job knows no ${String(command)}`);
  }
}

const over = ({ id, state }: ReplayJob) =>
  new ReplayRefused(
    'replay_over',
    state === 'failed'
      ? `Replay ${id} has failed: resume or cancel it.`
      : `Replay ${id} is ${state}; make another one.`,
  );
