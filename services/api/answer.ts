import type { ServerResponse } from 'node:http';
import { type Problem, problemOf } from './problems.ts';

/** Writes one JSON answer in one go. */
export function answerJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
  contentType = 'application/json',
): void {
  const bytes = Buffer.from(JSON.stringify(body));
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
