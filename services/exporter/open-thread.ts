import { parentPort } from 'node:worker_threads';
import { ProtocolError, ready, scrub } from '../../protocol/index.ts';
import { type OpenedBatch, openBatch } from './open-batch.ts';
import type { OpenAnswer, OpenJob } from './open-threads.ts';
import { type PackedBatch, unpackBatch } from './packed-batch.ts';

/** One opening thread: see `open-threads.ts`. */
await ready();

function openPacked(packed: PackedBatch): OpenedBatch {
  const { batch, keys } = unpackBatch(packed);
  return openBatch(batch, packed.scopes, keys);
}

parentPort?.on('message', ({ id, packed }: OpenJob) => {
  let answer: OpenAnswer;
  try {
    answer = { id, opened: packed.map(openPacked) };
  } catch (error) {
    const code = error instanceof ProtocolError ? error.code : undefined;
    answer = { id, failed: error instanceof Error ? `${error.name}: ${error.message}` : String(error), code };
  } finally {
    scrub();
  }
  parentPort?.postMessage(answer);
});
