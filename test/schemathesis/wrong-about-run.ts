import type { SchemathesisReport } from './schemathesis.ts';

/** Operations that may end without a 2xx, and why. */
const MAY_NEVER: Readonly<Record<string, string>> = {
  'POST /v1/reopenings': 'takes a wallet whose erasure is done, and each only once',
};

/** What must not be in a run; empty where all is well. @param starts of the API */
export function wrongAboutRun({ failures, never, seed }: SchemathesisReport, starts: number): string[] {
  return [
    ...(failures === '' ? [] : [`seed ${seed}:\n${failures}`]),
    ...never.filter((label) => !(label in MAY_NEVER)).map((label) => `seed ${seed}: ${label} was never answered 2xx`),
    ...(starts === 1 ? [] : [`seed ${seed}: the API was started ${starts} times`]),
  ];
}
