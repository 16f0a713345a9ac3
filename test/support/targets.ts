import { afterAll } from '@jest/globals';
import type { TargetOf } from '../../services/pipeline/define-sink.ts';
import { startOpenSearch } from './opensearch.ts';
import { startS3 } from './s3.ts';

const GIVEN: Readonly<Record<string, string>> = {
  postgres: 'DATABASE_URL',
  kafka: 'KAFKA_BROKERS',
  registry: 'SCHEMA_REGISTRY_URL',
};

interface StartedTarget {
  readonly url: string;
  close(): Promise<void>;
}

/** Targets that are no part of the stack: started when a suite first asks for one, ended with it. */
const STARTED: Readonly<Record<string, () => Promise<StartedTarget>>> = { opensearch: startOpenSearch, s3: startS3 };
const running = new Map<string, Promise<StartedTarget>>();

afterAll(async () => {
  const targets = [...running.values()];
  running.clear();
  for (const target of targets) await (await target).close();
});

/** Where a real target of this kind runs: a part of the stack that all suites share, or one of this suite. */
export const targetOf: TargetOf = async (kind) => {
  const start = STARTED[kind];
  if (start) {
    const target = running.get(kind) ?? start();
    running.set(kind, target);
    return (await target).url;
  }
  const variable = GIVEN[kind];
  const address = variable === undefined ? undefined : process.env[variable];
  if (address) return address;
  throw new Error(
    variable === undefined
      ? `nobody here knows how to start the target ${kind}`
      : `${variable} is not set: run \`npm test\`, or export what \`npx ddc stack\` prints.`,
  );
};
