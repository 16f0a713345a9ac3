import { parentPort, workerData } from 'node:worker_threads';
import { ProtocolError, ready } from '../../protocol/index.ts';
import { createVerify } from './verify.ts';
import type { VerifyAnswer, VerifyJob } from './verify-threads.ts';

/** One verifying thread: see `verify-threads.ts`. */
const { network } = workerData as { network: string };
await ready();

parentPort?.on('message', async ({ id, body, format, now }: VerifyJob) => {
  let answer: VerifyAnswer;
  try {
    const verify = createVerify(network, () => now);
    answer = { id, verified: await verify(body, format, async () => undefined) };
  } catch (error) {
    answer =
      error instanceof ProtocolError
        ? { id, refused: { code: error.code, line: error.line } }
        : { id, failed: error instanceof Error ? error.message : String(error) };
  }
  parentPort?.postMessage(answer);
});
