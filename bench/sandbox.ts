import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sandboxCast } from '../cli/demo/cast.ts';
import { startSandbox } from '../cli/sandbox/sandbox.ts';
import type { PartName } from '../stack/part.ts';
import { display } from '../stack/progress.ts';
import { startStack } from '../stack/stack.ts';
import { createPlainTopic } from './baseline/plain-topic.ts';
import { type Child, startChild } from './child.ts';

/** A closed loop waits for its answers as long as they take: none of its requests must be refused. */
export const NO_LIMITS = JSON.stringify({ address: null, caller: null, waitMs: null });

/** Parts, tables and topics for a benchmark, and an API on a core of its own; no other room. */
export interface BenchSandbox {
  readonly env: Readonly<Record<string, string>>;
  readonly network: string;
  /** 32-byte key of the registered app. */
  readonly app: Uint8Array;
  startApi(core: number): Promise<{ child: Child; port: number }>;
  /** A topic without schema for the baselines. @returns its name */
  plainTopic(name: string): Promise<string>;
  close(): Promise<void>;
}

/** @param options.othersOn core for this process and everything that is not measured. */
export async function openSandbox(options: { parts: readonly PartName[]; othersOn: number }): Promise<BenchSandbox> {
  const folder = mkdtempSync(join(tmpdir(), 'ddc-bench-'));
  const stack = await startStack({ folder, parts: options.parts, progress: display(options.parts), fullSpeed: true });
  try {
    for (const part of stack.parts.values()) pin(part.pid(), options.othersOn);
    pin(process.pid, options.othersOn);
    const { env } = await startSandbox({ folder, stack, rooms: [] });
    const { app } = await sandboxCast();
    return {
      env,
      network: env.DDC_NETWORK as string,
      app: app.publicKey,
      async startApi(core) {
        const isReady = (line: Record<string, unknown>) => line.message === 'listening';
        const own = { ...env, DDC_LIMITS: NO_LIMITS, DDC_HTTP_PORT: '0', DDC_LOG_LEVEL: 'info' };
        const { child, ready } = await startChild({ file: 'services/api/main.ts', core, env: own, isReady });
        return { child, port: ready.port as number };
      },
      async plainTopic(name) {
        await createPlainTopic((env.KAFKA_BROKERS as string).split(','), name);
        return name;
      },
      async close() {
        await stack.stop();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await stack.stop();
    throw error;
  }
}

/** Binds a process and all its threads to one core. */
function pin(pid: number | null, core: number): void {
  if (pid !== null) execFileSync('taskset', ['-a', '-p', '-c', String(core), String(pid)], { stdio: 'ignore' });
}
