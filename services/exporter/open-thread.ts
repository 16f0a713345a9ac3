import { parentPort } from 'node:worker_threads';
import { ProtocolError, ready, scrub } from '../../protocol/index.ts';
import { openBatch } from './open-batch.ts';
import type { OpenAnswer, OpenJob } from './open-threads.ts';
import { unpackBatch } from './packed-batch.ts';

/** One opening thread: see `open-threads.ts`. */
await ready();

parentPort?.on('message', ({ id, packed }: OpenJob) => {
  let answer: OpenAnswer;
  try {
    const { batch, keys } = unpackBatch(packed);
    answer = { id, opened: openBatch(batch, packed.scopes, keys) };
  } catch (error) {
    const code = error instanceof ProtocolError ? error.code : undefined;
    answer = { id, failed: error instanceof Error ? `${error.name}: ${error.message}` : String(error), code };
  } finally {
    scrub();
  }
  parentPort?.postMessage(answer);
});
