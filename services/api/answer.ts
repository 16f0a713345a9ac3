import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BodyBudget } from './body-budget.ts';
import { isGone, onOver } from './over.ts';
import { type Problem, problemOf } from './problem-answer.ts';

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
  // Nobody is there any more.
  if (isGone(response)) return;
  const bytes = Buffer.from(JSON.stringify(body));
  const budget = bytes.length > LARGE_ANSWER ? budgets.get(response) : undefined;
  budget?.take(bytes.length);
  if (budget) onOver(response, () => budget.give(bytes.length));
  response.writeHead(status, { 'content-type': contentType, 'content-length': bytes.length, ...headers });
  response.end(bytes);
}

/** What is still read, and thrown away, of a request that was already refused, so that the client can read why. */
const MAX_DISCARDED_BYTES = 16 * 1024 * 1024;
const codes = new WeakMap<ServerResponse, string>();

/** With which code a request was refused; null: it was not. */
export const codeOf = (response: ServerResponse): string | null => codes.get(response) ?? null;

/** Closing at once would reset the connection before the client has read the refusal. */
export function discardRest(request: IncomingMessage): void {
  if (request.complete) return;
  let discarded = 0;
  request.on('data', (chunk: Buffer) => {
    discarded += chunk.length;
    if (discarded > MAX_DISCARDED_BYTES) request.destroy();
  });
  request.on('error', () => undefined);
  request.resume();
}

/** Answers a refusal as `application/problem+json`, unless an answer has already begun. */
export function answerProblem(response: ServerResponse, error: unknown): Problem {
  const problem = problemOf(error);
  codes.set(response, problem.body.code);
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
    'x-content-type-options: nosniff',
    'cache-control: no-store',
    'connection: close',
    '',
    text,
  ].join('\r\n');
}
