import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import { createNodeProcesses } from '../../connectors/processes/node-processes.ts';
import { processHost } from '../../services/pipeline/host/main.ts';
import type { ChildProcess } from '../../services/pipeline/ports/processes.ts';
import type { ReplayJob, Replays } from '../../services/pipeline/ports/replays.ts';
import { AT_ONCE, isTaken, ReplayRefused } from '../../services/pipeline/replays/job.ts';
import { Refusal } from '../crypto/outcome.ts';
import { onSignal } from '../until-signal.ts';
import { jobLine } from './show.ts';

const { clock } = processHost;
const WORKER = fileURLToPath(
  new URL(`../../services/exporter/replay/main${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url),
);
/** How often a job is looked at, and how often its line is said while it runs. Milliseconds. */
const LOOK_MS = 500;
const SAY_MS = 5_000;
/** A room `exports` takes a job within a second. Milliseconds. */
const TAKEN_WITHIN_MS = 3_000;

const say = (line: string): void => void process.stderr.write(`${line}\n`);
/** Of what the worker logs, people are told what went wrong. */
function pass(text: string): void {
  for (const line of text.split('\n')) if (/"level":"(warn|error|fatal)"/.test(line)) say(line);
}

/**
 * Shows how far a job is until it is over or paused. Where no `exports` room takes it, a process is started that works on it for as long as
 * this command runs.
 * @returns the job as it is then, or when somebody stops this command
 * @throws Refusal when that process cannot start
 */
export async function follow(replays: Pick<Replays, 'find' | 'waiting'>, id: string): Promise<ReplayJob> {
  const stopping = new AbortController();
  const signals = onSignal(async () => stopping.abort(new Error('the command stops')));
  const worker = new LocalWorker(id);
  let [said, saidAt] = ['', 0];
  try {
    for (let alone = clock.now(); ; ) {
      const found = await replays.find(id);
      if (!found) throw new ReplayRefused('replay_unknown', `There is no replay ${id}; see \`ddc replay ls\`.`);
      const { job } = found;
      const now = clock.now();
      if (job.state !== said || now - saidAt >= SAY_MS) {
        [said, saidAt] = [job.state, now];
        say(jobLine(job, now));
      }
      if (job.state !== 'pending' && job.state !== 'running') return job;
      if (stopping.signal.aborted) {
        if (worker.runs) await worker.stop();
        else say(`It goes on without this command: \`ddc replay show ${id}\`.`);
        return (await replays.find(id))?.job ?? job;
      }
      if (worker.runs || isTaken(job, null, now)) alone = now;
      else if (now - alone >= TAKEN_WITHIN_MS) {
        alone = now;
        const taken = (await replays.waiting(1_000)).filter((one) => isTaken(one.job, null, now));
        if (taken.length >= AT_ONCE)
          say(`It waits for its turn: ${taken.length} others are worked on, and ${AT_ONCE} are at once.`);
        else if (job.spec.host === null || job.spec.host === hostname()) worker.start();
        else say(`It waits for an \`exports\` room on ${job.spec.host}, to whose disk it writes.`);
      }
      await clock.sleep(LOOK_MS, stopping.signal).catch(() => undefined);
      worker.mustBeSound();
    }
  } finally {
    signals.forget();
    await worker.stop();
  }
}

/** A process of this command that works on the job. */
class LocalWorker {
  readonly #id: string;
  #child: ChildProcess | null = null;
  #failure: Refusal | null = null;

  constructor(id: string) {
    this.#id = id;
  }

  get runs(): boolean {
    return this.#child !== null;
  }

  start(): void {
    const child = createNodeProcesses(WORKER, process.env, pass).start(`replay-${this.#id}`, {
      ...{ DDC_REPLAY: this.#id, DDC_HTTP_PORT: '0' },
    });
    this.#child = child;
    void child.ended.then(({ code, lastWords }) => {
      this.#child = null;
      // One that was killed is started again.
      if (code) this.#failure = new Refusal(lastWords?.code ?? 'exited', lastWords?.message ?? `it ended with ${code}`);
    });
  }

  mustBeSound(): void {
    if (this.#failure) throw this.#failure;
  }

  async stop(): Promise<void> {
    this.#child?.stop();
    await this.#child?.ended;
  }
}
