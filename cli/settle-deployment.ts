import { FatalError, RetriableError } from '../services/pipeline/errors.ts';
import { BadDeclaration } from '../services/pipeline/exports/problem.ts';
import { ReplayRefused } from '../services/pipeline/replays/job.ts';
import { SchemaRefused } from '../services/pipeline/typed/add-schema.ts';
import type { SchemaProblem } from '../services/pipeline/typed/problems.ts';
import { type Outcome, Refusal, settle } from './crypto/outcome.ts';

/** A line of a list of what is wrong. */
export const problemLine = ({ code, at, message }: SchemaProblem): string =>
  `- ${at === '' ? '' : `${at}: `}${message} (${code})`;

/** What the product refuses, by the codes that the API has for it. */
function refusalOf(error: unknown, badDeclaration: string): unknown {
  if (error instanceof BadDeclaration) return new Refusal(badDeclaration, error.message, error.problems);
  if (error instanceof SchemaRefused) {
    const lines = ['The schema was not registered:', ...error.problems.map(problemLine)];
    return new Refusal(error.code, lines.join('\n'), error.problems);
  }
  const isKnown = error instanceof ReplayRefused || error instanceof FatalError || error instanceof RetriableError;
  return isKnown ? new Refusal(error.code, error.message) : error;
}

/** `settle` for commands on a deployment. @param badDeclaration what a declaration that is wrong is called here */
export const settleDeployment = (
  json: boolean,
  run: () => Promise<Outcome>,
  badDeclaration = 'bad_declaration',
): Promise<void> =>
  settle(json, async () => {
    try {
      return await run();
    } catch (error) {
      throw refusalOf(error, badDeclaration);
    }
  });
