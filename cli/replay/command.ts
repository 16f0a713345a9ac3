import { Command, InvalidArgumentError, Option } from 'commander';
import { toHex } from '../../protocol/index.ts';
import { processHost } from '../../services/pipeline/host/main.ts';
import type { ReplayJob } from '../../services/pipeline/ports/replays.ts';
import { makeReplay, untilsOf } from '../../services/pipeline/replays/declare.ts';
import { ReplayRefused } from '../../services/pipeline/replays/job.ts';
import { orderReplay } from '../../services/pipeline/replays/order.ts';
import { planReplay } from '../../services/pipeline/replays/plan.ts';
import { DEFAULT_PACE } from '../../services/pipeline/replays/shape.ts';
import { viewReplay } from '../../services/pipeline/replays/view.ts';
import type { Outcome } from '../crypto/outcome.ts';
import { appOption, jsonOption, KEY_FORMS, scopesOption, typesOption } from '../options.ts';
import { settleDeployment } from '../settle-deployment.ts';
import { TIME_FORMS, when } from '../when.ts';
import { wholeNumber } from '../whole-number.ts';
import { type ReplayDeployment, withDeployment } from './deployment.ts';
import { follow } from './follow.ts';
import { jobLine, planLines } from './show.ts';
import { type ReplayOptions, specOf } from './spec.ts';

const { clock, random } = processHost;

const onDeployment = (json: boolean, run: (deployment: ReplayDeployment) => Promise<Outcome>): Promise<void> =>
  settleDeployment(json, () => withDeployment(run), 'bad_replay');

function outcomeOf(job: ReplayJob): Outcome {
  const now = clock.now();
  return { text: `${jobLine(job, now)}\n`, json: viewReplay(job, now), bad: job.state === 'failed' };
}

const onJob = (json: boolean, run: (deployment: ReplayDeployment) => Promise<ReplayJob>): Promise<void> =>
  onDeployment(json, async (deployment) => outcomeOf(await run(deployment)));

/** Who follows a job waits for its rows: anything else than its end is bad. */
async function followed({ replays }: ReplayDeployment, id: string): Promise<Outcome> {
  const job = await follow(replays, id);
  if (job.state === 'done') return outcomeOf(job);
  return { ...outcomeOf(job), bad: true, warnings: [`Replay ${id} is not done: it is ${job.state}.`] };
}

async function replay(options: ReplayOptions): Promise<void> {
  if (options.dryRun) {
    await onDeployment(options.json, async (deployment) => {
      const spec = await specOf(options, deployment);
      const planned = await planReplay(deployment, spec, await untilsOf(deployment, spec));
      return { text: `${planLines(planned).join('\n')}\n`, json: { partitions: planned } };
    });
    return;
  }
  await onDeployment(options.json, async (deployment) => {
    const spec = await specOf(options, deployment);
    const job = await makeReplay({ ...deployment, now: clock.now }, toHex(random.bytes(4)), spec);
    return options.detach ? outcomeOf(job) : followed(deployment, job.id);
  });
}

interface OfOne {
  readonly json: boolean;
  readonly detach: boolean;
}

const ofOne = (name: string, description: string) =>
  new Command(name).description(description).argument('<id>').addOption(jsonOption());

/** Not null for none: commander takes that for a missing value. */
function rateOption(text: string): number | 'none' {
  if (text === 'none') return text;
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new InvalidArgumentError('It must be a whole number above 0, or `none`.');
  return Number(text);
}

/** `ddc replay`. */
export function command(): Command {
  const all = new Command('replay')
    .enablePositionalOptions()
    .description('read what was pinned again, from Kafka and from IPFS, into a folder, a topic or a new export')
    .addOption(appOption())
    .option('--wallet <key>', `only of this wallet: ${KEY_FORMS}`)
    .addOption(typesOption())
    .addOption(scopesOption('what of them, as far as it may be read; none behind it: events without content'))
    .option('--from <time>', `time of the first event: \`beginning\`, ${TIME_FORMS}`, when('beginning'))
    .option('--to <time>', 'only what is before', when())
    .option('--export <name>', "into the sink of this export, which goes on there: a new one's, from its beginning")
    .option('--topic <name>', 'into topics `<name>.<table>`')
    .option('--out <folder>', 'into files of a new folder on this machine')
    .addOption(new Option('--format <format>', 'of the files').choices(['parquet', 'ndjson']).default('parquet'))
    .addOption(
      new Option('--schema <how>', 'typed columns where a type has a schema, or a text column a scope').choices([
        'typed',
        'text',
      ]),
    )
    .option(
      '--rate <n>',
      `events a second at most; \`none\`: as fast as it goes; not given: ${DEFAULT_PACE.rate}, and at most a twentieth of one core's time`,
      rateOption,
    )
    .option('--dry-run', 'say what would be read and from where', false)
    .option('--detach', 'make the job and leave it to an `exports` room', false)
    .addOption(jsonOption())
    .action(replay);
  const list = new Command('ls')
    .description('jobs, the last made first')
    .addOption(jsonOption())
    .option('--limit <n>', 'so many at most', wholeNumber(1), 100)
    .action(({ json, limit }: OfOne & { readonly limit: number }) =>
      onDeployment(json, async ({ replays }) => {
        const jobs = (await replays.list(limit)).map(({ job }) => job);
        const now = clock.now();
        return {
          text: jobs.map((job) => `${jobLine(job, now)}\n`).join(''),
          json: { replays: jobs.map((job) => viewReplay(job, now)) },
        };
      }),
    );
  const found = async ({ replays }: ReplayDeployment, id: string): Promise<ReplayJob> => {
    const one = await replays.find(id);
    if (one) return one.job;
    throw new ReplayRefused('replay_unknown', `There is no replay ${id}; see \`ddc replay ls\`.`);
  };
  const show = ofOne('show', 'how far a job is').action((id: string, { json }: OfOne) =>
    onJob(json, (deployment) => found(deployment, id)),
  );
  const toDo = (kind: 'pause' | 'cancel', description: string) =>
    ofOne(kind, description).action((id: string, { json }: OfOne) =>
      onJob(json, ({ replays }) => orderReplay({ replays, clock }, id, { kind })),
    );
  const resume = ofOne('resume', 'let a paused or failed job go on, and follow it')
    .option('--detach', 'leave it to an `exports` room', false)
    .action((id: string, { json, detach }: OfOne) =>
      onDeployment(json, async (deployment) => {
        const { replays } = deployment;
        const { state } = await found(deployment, id);
        // One that waits, or whose process was killed, needs no order.
        if (state !== 'pending' && state !== 'running') await orderReplay({ replays, clock }, id, { kind: 'resume' });
        return detach ? outcomeOf(await found(deployment, id)) : followed(deployment, id);
      }),
    );
  const pause = toDo('pause', 'let whoever works on it stop; it can be resumed');
  const cancel = toDo('cancel', 'end it; what the target has got it keeps');
  return [list, show, pause, resume, cancel].reduce((parent, one) => parent.addCommand(one), all);
}
