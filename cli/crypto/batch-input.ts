import { type Batch, fromUtf8, parseBatch, type VerifiedBatch, verifyBatch } from '../../protocol/index.ts';
import { isObject, parseJson } from './input.ts';

/** A request body, JSON or NDJSON, verified for the network that its header names or the one that is expected. */
export function verifiedBody(body: Uint8Array, network?: string): VerifiedBatch {
  const value = parseJson(fromUtf8(body));
  const isJson = isObject(value) && 'events' in value;
  const batch: Batch = parseBatch(body, isJson ? 'json' : 'ndjson');
  return verifyBatch(batch, { network: network ?? batch.header.network });
}
