import type { TargetOf } from '../../services/pipeline/define-sink.ts';

const GIVEN: Readonly<Record<string, string>> = {
  postgres: 'DATABASE_URL',
  kafka: 'KAFKA_BROKERS',
  registry: 'SCHEMA_REGISTRY_URL',
};

/** Where a real target of this kind runs: a part of the stack that all suites share. */
export const targetOf: TargetOf = async (kind) => {
  const variable = GIVEN[kind];
  const address = variable === undefined ? undefined : process.env[variable];
  if (address) return address;
  throw new Error(
    variable === undefined
      ? `nobody here knows how to start the target ${kind}`
      : `${variable} is not set: run \`npm test\`, or export what \`npx ddc stack\` prints.`,
  );
};
