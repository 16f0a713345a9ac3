import { hostname, setPriority } from 'node:os';
import { Command, Option } from 'commander';
import { toHex } from '../../protocol/index.ts';
import { LEASE_MS, newJob, ReplayRefused } from '../../services/exporter/replay/job.ts';
import { planReplay } from '../../services/exporter/replay/plan.ts';
import { freshProgress } from '../../services/exporter/replay/progress.ts';
import { command as order, type WorkEdges, workOnReplay } from '../../services/exporter/replay/work.ts';
import { FatalError } from '../../services/pipeline/errors.ts';
import { processHost } from '../../services/pipeline/host/main.ts';
import type { ReplayJob } from '../../services/pipeline/ports/replays.ts';
import { Refusal, settle } from '../crypto/outcome.ts';
import { onSignal } from '../until-signal.ts';
import { wholeNumber } from '../whole-number.ts';
import { type ReplayDeployment, withDeployment } from './deployment.ts';
import { claimTarget, openReplay, workEnvironment } from './open.ts';
import { jobJson, jobLine, planLines } from './show.ts';
import { type ReplayOptions, specOf, timeOption } from './spec.ts';

const { clock, random } = processHost;
const say = (line: string): void => void process.stderr.write(`${line}\n`);
/** Live traffic comes first, on a machine that both share. */
const NICE = 10;
/** How often a job's line is said while it runs. Milliseconds. */
const SAY_MS = 5_000;
/** How often a waiting worker looks for jobs, and how long it leaves one alone that could not be worked on. Milliseconds. */
const LOOK_MS = 2_000;

const shown = (job: ReplayJob) => ({
  text: `${jobLine(job, clock.now())}\n`,
  json: jobJson(job, clock.now()),
  bad: job.state === 'failed',
});

/** Runs one command on a job. Refusals are told by their code. */
async function onJob(json: boolean, run: (deployment: ReplayDeployment) => Promise<ReplayJob>): Promise<void> {
  await settle(json, async () => {
    try {
      return shown(await withDeployment(run));
    } catch (error) {
      if (error instanceof ReplayRefused || error instanceof FatalError) throw new Refusal(error.code, error.message);
      throw error;
    }
  });
}

function edgesOf(deployment: ReplayDeployment): WorkEdges {
  let saidAt = 0;
  let said = '';
  return {
    replays: deployment.replays,
    clock,
    random,
    holder: `${hostname()}/${process.pid}/${toHex(random.bytes(4))}`,
    open: (job, onFatal) => openReplay(deployment, job, (what) => say(`replay ${job.id}: ${what}`), onFatal),
    onFailure: (error) => {
      if (process.env.DDC_DEBUG && error instanceof Error) say(`${error.stack}`);
    },
    onChange(job) {
      const now = clock.now();
      if (job.state === said && now - saidAt < SAY_MS) return;
      [said, saidAt] = [job.state, now];
      say(jobLine(job, now));
    },
  };
}

/** Works on a job in this process until it is over, or somebody pauses it or stops the process. */
async function work(deployment: ReplayDeployment, id: string): Promise<ReplayJob> {
  setPriority(NICE);
  const stopping = new AbortController();
  const signals = onSignal(async () => stopping.abort(new Error('the process stops')));
  try {
    for (const since = clock.now(); ; ) {
      try {
        const job = await workOnReplay(edgesOf(deployment), id, stopping.signal);
        // It had to let go, of Kafka for example, and nobody ordered it.
        if (job.state !== 'pending' || stopping.signal.aborted) return job;
      } catch (error) {
        // Whoever had it may have been killed: that shows when its lease ends.
        const mayBeDead = error instanceof ReplayRefused && error.code === 'replay_taken';
        if (!mayBeDead || clock.now() - since > 2 * LEASE_MS || stopping.signal.aborted) throw error;
        say(`${error.message} If it was killed, its hold ends within ${LEASE_MS / 1000} s.`);
      }
      await clock.sleep(LOOK_MS, stopping.signal).catch(() => undefined);
    }
  } finally {
    signals.forget();
  }
}

async function make(deployment: ReplayDeployment, options: ReplayOptions): Promise<ReplayJob> {
  const spec = await specOf(options, deployment.exports);
  const untils = await deployment.untils(spec);
  const job = newJob(toHex(random.bytes(4)), spec, freshProgress(untils), clock.now());
  await claimTarget(deployment, job, untils.keys());
  await deployment.replays.add(job);
  return job;
}

async function replay(options: ReplayOptions): Promise<void> {
  if (options.dryRun) {
    await settle(options.json, () =>
      withDeployment(async (deployment) => {
        const spec = await specOf(options, deployment.exports);
        const planned = await planReplay(deployment, spec, await deployment.untils(spec));
        return { text: `${planLines(planned).join('\n')}\n`, json: { partitions: planned } };
      }),
    );
    return;
  }
  await onJob(options.json, async (deployment) => {
    if (!options.detach) workEnvironment();
    const job = await make(deployment, options);
    return options.detach ? job : work(deployment, job.id);
  });
}

/** Works on whatever waits, until it is stopped. */
async function workOnAll(): Promise<void> {
  setPriority(NICE);
  await withDeployment(async (deployment) => {
    const stopping = new AbortController();
    const signals = onSignal(async () => stopping.abort(new Error('the process stops')));
    const edges = edgesOf(deployment);
    while (!stopping.signal.aborted) {
      const waiting = (await deployment.replays.list(1_000)).filter(
        ({ job }) => job.state === 'pending' || (job.state === 'running' && clock.now() >= (job.lease?.until ?? 0)),
      );
      const next = waiting.at(-1);
      if (next) {
        await workOnReplay(edges, next.job.id, stopping.signal).catch((error: unknown) => {
          if (!(error instanceof ReplayRefused)) throw error;
        });
      }
      await clock.sleep(LOOK_MS, stopping.signal).catch(() => undefined);
    }
    signals.forget();
  });
}

interface OfOne {
  readonly json: boolean;
  readonly detach: boolean;
}

const ofOne = (name: string, description: string) =>
  new Command(name).description(description).argument('<id>').option('--json', 'one line of JSON', false);

/** `ddc replay`. */
export function command(): Command {
  const all = new Command('replay')
    .enablePositionalOptions()
    .description('read what was pinned again, from Kafka and from IPFS, into a folder, a topic or a new export')
    .option('--app <key>', 'whose events: SS58 address or 64 hex digits')
    .option('--wallet <key>', 'only of this wallet')
    .option('--types <type...>', 'only of these types')
    .option('--scopes [scope...]', 'what of them, as far as it may be read')
    .option('--from <time>', 'time of the first event, ISO 8601, or `beginning`', (text) =>
      text === 'beginning' ? text : timeOption(text),
    )
    .option('--to <time>', 'only what is before', timeOption)
    .option('--export <name>', "into the sink of this export, which goes on there: a new one's, from its beginning")
    .option('--topic <name>', 'into topics `<name>.<table>`')
    .option('--out <folder>', 'into files of a new folder')
    .addOption(new Option('--format <format>', 'of the files').choices(['parquet', 'ndjson']).default('parquet'))
    .addOption(
      new Option('--schema <how>', 'typed columns where a type has a schema, or a text column a scope')
        .choices(['typed', 'text'])
        .default('typed'),
    )
    .option('--rate <n>', 'events a second at most', wholeNumber(1))
    .option('--dry-run', 'say what would be read and from where', false)
    .option('--detach', 'make the job and leave it to `ddc replay work`', false)
    .option('--json', 'one line of JSON', false)
    .action((options: ReplayOptions & { readonly scopes?: readonly string[] | true }) =>
      replay({ ...options, ...(options.scopes === true ? { scopes: [] } : {}) } as ReplayOptions),
    );
  const list = new Command('ls')
    .description('jobs, the last made first')
    .option('--json', 'one line of JSON', false)
    .action(({ json }: OfOne) =>
      settle(json, () =>
        withDeployment(async ({ replays }) => {
          const jobs = (await replays.list(100)).map(({ job }) => job);
          const now = clock.now();
          return {
            text: jobs.map((job) => `${jobLine(job, now)}\n`).join(''),
            json: { replays: jobs.map((job) => jobJson(job, now)) },
          };
        }),
      ),
    );
  const show = ofOne('show', 'how far a job is').action((id: string, { json }: OfOne) =>
    onJob(json, async ({ replays }) => {
      const found = await replays.find(id);
      if (!found) throw new ReplayRefused('replay_unknown', `There is no replay ${id}; see \`ddc replay ls\`.`);
      return found.job;
    }),
  );
  const toDo = (kind: 'pause' | 'cancel', description: string) =>
    ofOne(kind, description).action((id: string, { json }: OfOne) =>
      onJob(json, ({ replays }) => order({ replays, clock }, id, { kind })),
    );
  const resume = ofOne('resume', 'let a paused or failed job go on, here')
    .option('--detach', 'leave it to `ddc replay work`', false)
    .action((id: string, { json, detach }: OfOne) =>
      onJob(json, async (deployment) => {
        const { replays } = deployment;
        const found = await replays.find(id);
        // One that waits, or whose process was killed, needs no order.
        const isWaiting = found && (found.job.state === 'pending' || found.job.state === 'running');
        const job = isWaiting ? found.job : await order({ replays, clock }, id, { kind: 'resume' });
        return detach ? job : work(deployment, id);
      }),
    );
  const worker = new Command('work')
    .description('work on waiting jobs, one after the other, until stopped')
    .action(workOnAll);
  const pause = toDo('pause', 'let whoever works on it stop; it can be resumed');
  const cancel = toDo('cancel', 'end it; what the target has got it keeps');
  return [list, show, pause, resume, cancel, worker].reduce((parent, one) => parent.addCommand(one), all);
}
