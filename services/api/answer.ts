import type { ServerResponse } from 'node:http';
import type { BodyBudget } from './body-budget.ts';
import { type Problem, problemOf } from './problems.ts';

/** Smaller ones are not counted. */
const LARGE_ANSWER = 64 * 1024;
const budgets = new WeakMap<ServerResponse, BodyBudget>();

/** A large answer on this response will count until it is out, or its connection gone: a client that reads nothing holds it so long. */
export function countAnswer(response: ServerResponse, budget: BodyBudget): void {
  budgets.set(response, budget);
}

/** Writes one JSON answer in one go. @throws ApiProblem `overloaded` when there is no memory for a large one that counts */
export function answerJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
  contentType = 'application/json',
): void {
  // Nobody is there any more, and nothing would tell when to stop counting.
  if (response.destroyed) return;
  const bytes = Buffer.from(JSON.stringify(body));
  const budget = bytes.length > LARGE_ANSWER ? budgets.get(response) : undefined;
  budget?.take(bytes.length);
  if (budget) response.once('close', () => budget.give(bytes.length));
  response.writeHead(status, { 'content-type': contentType, 'content-length': bytes.length, ...headers });
  response.end(bytes);
}

/** Answers a refusal as `application/problem+json`, unless an answer has already begun. */
export function answerProblem(response: ServerResponse, error: unknown): Problem {
  const problem = problemOf(error);
  if (response.headersSent || response.destroyed) response.destroy();
  else answerJson(response, problem.status, problem.body, problem.headers, 'application/problem+json');
  return problem;
}

/** The same for a connection whose request could not even be read. */
export function rawProblem(error: unknown): string {
  const { status, body } = problemOf(error);
  const text = JSON.stringify(body);
  return [
    `HTTP/1.1 ${status} ${body.code}`,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(text)}`,
    'connection: close',
    '',
    text,
  ].join('\r\n');
}
