import { get } from 'node:http';
import { sql } from 'kysely';
import type { Database } from '../../connectors/postgres/database.ts';
import { encodeBearer, type KeyPair, toHex } from '../../protocol/index.ts';
import { appToken } from '../../sdk/js/index.ts';
import { startChild } from '../child.ts';
import { median } from '../median.ts';
import { type BenchSandbox, openSandbox } from '../sandbox.ts';
import { benchAccounts } from '../workload.ts';
import { storeBatches } from './stored.ts';

const SERVER_CORE = 0;
const BATCHES = 300;
const SIZE = 100;
const EVENTS = BATCHES * SIZE;

/** Encrypted extraction of an app against a bare SELECT and stream of the same bytes. */
export async function extract(rounds: number): Promise<Readonly<Record<string, number>>> {
  const parts = ['kafka', 'registry', 'postgres', 'ipfs'] as const;
  const sandbox = await openSandbox({ parts: [...parts], othersOn: 1 - SERVER_CORE });
  try {
    return await extractOn(sandbox, rounds);
  } finally {
    await sandbox.close();
  }
}

/** The same on a sandbox that is there. */
export async function extractOn(
  { env, startApi }: Pick<BenchSandbox, 'env' | 'startApi'>,
  rounds: number,
): Promise<Readonly<Record<string, number>>> {
  const accounts = await benchAccounts(16);
  const { app, database } = await storeBatches(env, { accounts, batches: BATCHES, size: SIZE });
  const api = await startApi(SERVER_CORE);
  const headers = { authorization: tokenOf(app, env.DDC_NETWORK as string) };
  const ours = `http://127.0.0.1:${api.port}/v1/apps/${toHex(app.publicKey)}/events`;
  const text = await textOf(ours, headers);
  await keepLines(database, text);
  const { length } = text;
  const { child: bare, ready } = await startChild({
    file: 'bench/baseline/bare-stream.ts',
    core: SERVER_CORE,
    env: { ...env },
    isReady: (line) => line.message === 'listening',
  });
  const theirs = `http://127.0.0.1:${ready.port}/`;
  const measures: { ours: number; bare: number; proof: number; cpu: number }[] = [];
  for (let round = -1; round < rounds; round += 1) {
    const before = api.child.cpuMicros();
    const one = await bytesPerSecond(ours, headers);
    const cpu = (api.child.cpuMicros() - before) / EVENTS;
    const two = await bytesPerSecond(theirs, {});
    const proof = await bytesPerSecond(`${ours}?proof=true`, headers);
    if (round >= 0) measures.push({ ours: one.rate, bare: two.rate, proof: EVENTS / proof.seconds, cpu });
  }
  await Promise.all([api.child.stop(), bare.stop()]);
  await database.close();
  const ratio = median(measures.map((one) => one.ours / one.bare));
  const bytes = length / EVENTS;
  const perSecond = median(measures.map((one) => one.ours)) / bytes;
  console.log(
    `extraction of ${EVENTS.toLocaleString('en')} sealed events by their app, ${Math.round(bytes)} bytes each`,
  );
  const shown = (rate: number) => `${Math.round(rate).toLocaleString('en').padStart(9)} events/s`;
  console.log(
    `  a bare SELECT and stream of the same bytes  ${shown(median(measures.map((one) => one.bare)) / bytes)}`,
  );
  console.log(`  extraction                                  ${shown(perSecond)}`);
  console.log(`  extraction with proof                       ${shown(median(measures.map((one) => one.proof)))}`);
  console.log(`extract_vs_bare      ${ratio.toFixed(2)}`);
  return {
    extract_vs_bare: Math.round(ratio * 100) / 100,
    extract_events_per_second: Math.round(perSecond),
    extract_cpu_us_per_event: Math.round(median(measures.map((one) => one.cpu)) * 10) / 10,
  };
}

/** A row a line, as they are extracted. */
async function keepLines(database: Database, text: string): Promise<void> {
  const lines = text.split(/(?<=\n)/);
  if (!lines.at(-1)?.startsWith(`{"end":{"events":${EVENTS},`)) throw new Error('the extraction is not whole');
  await sql`CREATE TABLE bench_lines (n bigserial PRIMARY KEY, line text NOT NULL)`.execute(database.kysely);
  for (let from = 0; from < lines.length; from += 2_000)
    await sql`INSERT INTO bench_lines (line) SELECT line FROM unnest(${lines.slice(from, from + 2_000)}::text[]) WITH ORDINALITY AS l (line, n) ORDER BY l.n`.execute(
      database.kysely,
    );
  await sql`ANALYZE bench_lines`.execute(database.kysely);
}

async function textOf(url: string, headers: Record<string, string>): Promise<string> {
  const answer = await fetch(url, { headers });
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
  return answer.text();
}

/** Reads as fast as bytes come, and looks at none. */
function bytesPerSecond(url: string, headers: Record<string, string>): Promise<{ rate: number; seconds: number }> {
  const began = performance.now();
  return new Promise((resolve, reject) => {
    const request = get(url, { headers, agent: false }, (answer) => {
      let bytes = 0;
      answer.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
      answer.on('end', () => {
        const seconds = (performance.now() - began) / 1_000;
        resolve({ rate: bytes / seconds, seconds });
      });
      answer.on('error', reject);
    });
    request.on('error', reject);
  });
}

function tokenOf(app: KeyPair, network: string): string {
  const { publicKey, secretKey } = app;
  const by = { publicKey, secretKey, algorithm: 'sr25519' } as const;
  return `Bearer ${encodeBearer(appToken(by, { network, operations: ['events.read'] }))}`;
}
