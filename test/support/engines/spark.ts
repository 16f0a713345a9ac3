import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

/** What scripts of `examples/spark` print. */
export interface SparkAnswer {
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

/**
 * Runs a PySpark script to its end; Spark and its jars are fetched when they are not there.
 * @param script of `examples/spark`, with its ending
 * @param conf further configuration of Spark
 * @returns the last line that it printed, which is JSON
 */
export async function runSpark<Answer = SparkAnswer>(
  script: string,
  args: Readonly<Record<string, string | true>>,
  conf: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const { python, folder: packages } = await preparePySpark();
  const jars = await prepareJars('spark', HERE, (part, state) => process.stderr.write(`${part}: ${state}\n`));
  const all = (await readdir(jars)).map((jar) => join(jars, jar)).join(',');
  const folder = await mkdtemp(join(tmpdir(), 'ddc-spark-'));
  const settings = { ...CONF, 'spark.local.dir': folder, ...conf };
  const confs = Object.entries(settings).flatMap(([name, value]) => ['--conf', `${name}=${value}`]);
  const told = Object.entries(args).flatMap(([name, value]) => [`--${name}`, ...(value === true ? [] : [value])]);
  const command = ['--master', 'local[2]', '--jars', all, ...confs, join(root, HERE, script), ...told];
  const home = join(packages, 'pyspark');
  const child = spawn(join(home, 'bin/spark-submit'), command, {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      ...{ SPARK_HOME: home, SPARK_LOCAL_IP: '127.0.0.1', PYSPARK_PYTHON: python },
      ...{ PYTHONPATH: packages, PYTHONDONTWRITEBYTECODE: '1' },
    },
  });
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

/** What a stream has brought so far, or the end of it. */
function collect(stream: NodeJS.ReadableStream): () => string {
  let text = '';
  stream.on('data', (chunk: Buffer) => {
    text += chunk.toString('utf8');
  });
  return () => text;
}
