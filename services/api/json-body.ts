import type { Request } from 'express';
import { fromUtf8, isTooDeep, ProtocolError } from '../../protocol/index.ts';
import type { BodyBudget } from './body-budget.ts';
import { encodingOf, formatOf } from './content.ts';
import { ApiProblem } from './problems.ts';
import { type Body, readBody } from './read-body.ts';

/**
 * Reads a JSON body into `request.body`, with the reader of batches: the budget is charged for what has arrived, not for what is announced.
 * @returns gives the bytes back; call once, when the request is answered
 * @throws ApiProblem `content_type`, `encoding_unsupported`, `content_encoding`, `payload_too_large`, `overloaded`, `malformed_json`
 */
export async function readJson(request: Request, budget: BodyBudget, most: number): Promise<() => void> {
  const body = await bodyOf(request, budget, most);
  try {
    request.body = parsed(body.bytes);
  } catch (error) {
    body.release();
    throw error;
  }
  return () => body.release();
}

/** @throws ApiProblem `content_type` */
export function mustBeJson(request: Request): void {
  if (!request.is('application/json')) throw new ApiProblem('content_type');
  formatOf(request.headers['content-type']);
}

async function bodyOf(request: Request, budget: BodyBudget, most: number): Promise<Body> {
  try {
    return await readBody(request, encodingOf(request.headers['content-encoding']), budget, most);
  } catch (error) {
    if (error instanceof ProtocolError && error.code === 'body_too_large') throw new ApiProblem('payload_too_large');
    throw error;
  }
}

/** An object or an array; nothing at all is an object without members. */
function parsed(bytes: Uint8Array): unknown {
  if (bytes.length === 0) return {};
  const value = jsonOf(bytes);
  if (typeof value !== 'object' || value === null) throw new ApiProblem('malformed_json');
  return value;
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    const text = fromUtf8(bytes);
    if (isTooDeep(text)) throw new ApiProblem('too_deep');
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof ProtocolError) throw new ApiProblem('malformed_json');
    throw error;
  }
}
