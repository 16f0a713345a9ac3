import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Account } from '../../sdk/js/index.ts';
import { root } from '../../stack/root.mjs';
import { prepareSchemathesis } from '../support/prepared.mjs';
import { type Cast, castOf } from './cast.ts';
import { poolOf, type Standing } from './pool.ts';
import { settleCast } from './settle-cast.ts';

const HERE = join(root, 'test/schemathesis');
/** Signed requests are good for five minutes. */
const SIGN_AGAIN_MS = 60_000;
/** What it takes beyond its time to end the case that it is at, and to report. */
const GRACE_MS = 120_000;
const MOST_SHOWN = 60_000;
/** What follows from the document alone, then what is made up by the seed and by what was answered. */
const PHASES = 'examples,coverage,fuzzing,stateful';

export interface SchemathesisOptions {
  /** Of the API, without a path; it was started with `EXPORT_ENV`. */
  readonly url: string;
  readonly network: string;
  /** Registered, and open. */
  readonly app: Account;
  readonly seconds: number;
  readonly seed: number;
  /** Whether the rooms behind the API run as well. */
  readonly indexed: boolean;
}

export interface SchemathesisReport {
  readonly seed: number;
  readonly seconds: number;
  readonly requests: number;
  /** Answers that every check has looked at. */
  readonly checked: number;
  /** Operation → status → how many answers. */
  readonly statuses: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** As schemathesis says them, for people; empty when there are none. */
  readonly failures: string;
  /** Operations of the document that were never answered 2xx. */
  readonly never: readonly string[];
}

/** schemathesis against an API that listens, until the time is up. */
export async function runSchemathesis(options: SchemathesisOptions): Promise<SchemathesisReport> {
  const folder = mkdtempSync(join(tmpdir(), 'ddc-schemathesis-'));
  const cast = await castOf(options.network, options.app);
  const standing = await settleCast(options.url, cast, options.indexed);
  const pool = join(folder, 'pool.json');
  signPool(pool, cast, standing);
  const signing = setInterval(() => signPool(pool, cast, standing), SIGN_AGAIN_MS);
  try {
    const from = performance.now();
    const { code, output } = await started(folder, pool, options);
    return reportOf(folder, options, { code, output, seconds: (performance.now() - from) / 1000 });
  } finally {
    clearInterval(signing);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** It is read while it is written. */
function signPool(file: string, cast: Cast, standing: Standing): void {
  writeFileSync(`${file}.new`, JSON.stringify(poolOf(cast, standing)));
  renameSync(`${file}.new`, file);
}

async function started(folder: string, pool: string, { url, seconds, seed }: SchemathesisOptions) {
  const { python, folder: packages } = await prepareSchemathesis();
  const phases = ['--phases', PHASES, '--max-time', String(seconds)];
  const report = ['--report', 'json', '--report-json-path', join(folder, 'report.json'), '--no-color'];
  const how = ['--workers', '1', '--no-shrink', '--continue-on-failure', '--generation-database', 'none'];
  const command = ['-m', 'schemathesis.cli', '--config-file', join(HERE, 'schemathesis.toml'), 'run'];
  const child = spawn(
    python,
    [...command, `${url}/openapi.json`, '--checks', 'all', '--seed', String(seed), ...phases, ...how, ...report],
    {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        PYTHONPATH: `${packages}:${HERE}`,
        PYTHONDONTWRITEBYTECODE: '1',
        SCHEMATHESIS_HOOKS: 'hooks',
        DDC_SCHEMATHESIS_POOL: pool,
        DDC_SCHEMATHESIS_FIGURES: join(folder, 'figures.json'),
      },
    },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      output += chunk;
    });
  const late = setTimeout(() => child.kill('SIGKILL'), seconds * 1000 + GRACE_MS);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  clearTimeout(late);
  return { code, output };
}

interface Figures {
  readonly statuses: SchemathesisReport['statuses'];
  readonly checked: number;
}

const sum = (counts: Readonly<Record<string, number>>): number => Object.values(counts).reduce((a, b) => a + b, 0);

function reportOf(
  folder: string,
  { seed }: SchemathesisOptions,
  { code, output, seconds }: { code: number | null; output: string; seconds: number },
): SchemathesisReport {
  let figures: Figures;
  try {
    figures = JSON.parse(readFileSync(join(folder, 'figures.json'), 'utf8'));
  } catch (error) {
    throw new Error(`schemathesis ended with ${code}, seed ${seed}:\n${output.slice(-MOST_SHOWN)}`, { cause: error });
  }
  const { statuses, checked } = figures;
  return {
    ...{ seed, seconds, statuses, requests: Object.values(statuses).reduce((all, one) => all + sum(one), 0) },
    checked,
    failures:
      code === 0 ? '' : output.slice(Math.max(0, output.search(/^=+ (ERRORS|FAILURES) =+$/m))).slice(0, MOST_SHOWN),
    never: Object.keys(statuses).filter((label) => !Object.keys(statuses[label] ?? {}).some((one) => /^2/.test(one))),
  };
}
