import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { prepareJars } from '../../../stack/prepare.mjs';
import { root } from '../../../stack/root.mjs';
import { preparePySpark } from '../prepared.mjs';

const HERE = 'examples/spark';
const MOST_SHOWN = 8_000;
/** On this machine alone, small, and quick to start. */
const CONF = {
  'spark.ui.enabled': 'false',
  'spark.driver.host': '127.0.0.1',
  'spark.driver.bindAddress': '127.0.0.1',
  'spark.driver.memory': '1g',
  'spark.driver.extraJavaOptions': '-XX:TieredStopAtLevel=1',
  'spark.sql.shuffle.partitions': '2',
};

/** What a script is called with. */
export type SparkArgs = Readonly<Record<string, string | true>>;

/** What scripts of `examples/spark` print. */
export interface SparkAnswer {
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

interface Prepared {
  readonly python: string;
  /** Of `spark-submit`, and of a driver that starts Spark itself. */
  readonly options: readonly string[];
  /** Spark's own scratch. */
  readonly folder: string;
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;
}

/** Spark and its jars are fetched when they are not there. @param conf further configuration of Spark */
async function prepared(conf: Readonly<Record<string, string>>): Promise<Prepared> {
  const { python, folder: packages } = await preparePySpark();
  const jars = await prepareJars('spark', HERE, (part, state) => process.stderr.write(`${part}: ${state}\n`));
  const all = (await readdir(jars)).map((jar) => join(jars, jar)).join(',');
  const folder = await mkdtemp(join(tmpdir(), 'ddc-spark-'));
  const settings = { ...CONF, 'spark.local.dir': folder, ...conf };
  const confs = Object.entries(settings).flatMap(([name, value]) => ['--conf', `${name}=${value}`]);
  const home = join(packages, 'pyspark');
  return {
    ...{ python, folder, home, options: ['--master', 'local[2]', '--jars', all, ...confs] },
    env: {
      ...process.env,
      ...{ SPARK_HOME: home, SPARK_LOCAL_IP: '127.0.0.1', PYSPARK_PYTHON: python },
      ...{ PYTHONPATH: [packages, join(root, HERE)].join(delimiter), PYTHONDONTWRITEBYTECODE: '1' },
    },
  };
}

const told = (args: SparkArgs): string[] =>
  Object.entries(args).flatMap(([name, value]) => [`--${name}`, ...(value === true ? [] : [value])]);

/**
 * Runs a PySpark script to its end.
 * @param script of `examples/spark`, with its ending
 * @param conf further configuration of Spark
 * @returns the last line that it printed, which is JSON
 */
export async function runSpark<Answer = SparkAnswer>(
  script: string,
  args: SparkArgs,
  conf: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const { options, folder, home, env } = await prepared(conf);
  const command = [...options, join(root, HERE, script), ...told(args)];
  const child = spawn(join(home, 'bin/spark-submit'), command, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], env });
  const endWithUs = () => child.kill('SIGKILL');
  process.once('exit', endWithUs);
  try {
    const [output, errors] = [collect(child.stdout), collect(child.stderr)];
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    if (code !== 0) throw new Error(`${script} ended with ${code}:\n${errors().slice(-MOST_SHOWN)}`);
    return JSON.parse(output().trim().split('\n').at(-1) ?? '') as Answer;
  } finally {
    process.off('exit', endWithUs);
    await rm(folder, { recursive: true, force: true });
  }
}

/** A Spark that stays, for many scripts. */
export interface RunningSpark {
  /** Runs a script of `examples/spark`, one at a time. @returns the last line that it printed */
  run(script: string, args: SparkArgs): Promise<string>;
  close(): Promise<void>;
}

/** @param conf further configuration of Spark, for all scripts */
export async function startSpark(conf: Readonly<Record<string, string>>): Promise<RunningSpark> {
  const { python, options, folder, env } = await prepared(conf);
  const submit = [...options, 'pyspark-shell'].map((option) => `'${option}'`).join(' ');
  const child = spawn(python, [join(root, 'test/support/engines/spark-driver.py')], {
    ...{ cwd: folder, stdio: ['pipe', 'pipe', 'pipe'], env: { ...env, PYSPARK_SUBMIT_ARGS: submit } },
  });
  const endWithUs = () => child.kill('SIGKILL');
  process.once('exit', endWithUs);
  const errors = collect(child.stderr);
  // When it has ended, its output ends too, and `run` says why.
  child.stdin.on('error', () => undefined);
  const ended = once(child, 'close');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async run(script, args) {
      child.stdin.write(`${JSON.stringify([join(root, HERE, script), ...told(args)])}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error(`Spark ended in ${script}:\n${errors().slice(-MOST_SHOWN)}`);
      const { printed, failed } = JSON.parse(value) as { readonly printed?: string; readonly failed?: string };
      if (printed === undefined) throw new Error(`${script} failed: ${failed}`);
      return printed;
    },
    async close() {
      child.stdin.end();
      await ended;
      process.off('exit', endWithUs);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** What a stream has brought so far, or the end of it. */
function collect(stream: NodeJS.ReadableStream): () => string {
  let text = '';
  stream.on('data', (chunk: Buffer) => {
    text += chunk.toString('utf8');
  });
  return () => text;
}
