import { type Batch, batchId, measureBatch, toHex } from '../../protocol/index.ts';
import type { Received } from '../../schemas/index.ts';
import type { OpenRoot } from '../pipeline/ports/vault.ts';

/** Why an opened batch cannot be let in. */
export class BatchMismatch extends Error {
  readonly code: 'batch_mismatch' | 'mode_mismatch' | 'subject_mismatch';
  constructor(code: BatchMismatch['code'], message: string) {
    super(message);
    this.name = 'BatchMismatch';
    this.code = code;
  }
}

/**
 * Binds the body to its record: the batch id, computed again from header and events, is the one that the API verified the
 * signature of. The signature itself is not verified a second time; every reader of the meta does.
 * @returns null when all is well.
 * @throws ProtocolError `id` for an event id that stands twice, `batch_too_large` for a batch that would be longer than 1,000,000
 * bytes once encrypted: what the API refuses as well.
 */
export function checkBatch(batch: Batch, received: Received, root: OpenRoot): BatchMismatch | null {
  const { header, client } = batch;
  if (header.app !== toHex(received.app) || header.wallet !== toHex(received.wallet)) {
    return new BatchMismatch('batch_mismatch', 'the header names another app or wallet than the record');
  }
  const id = batchId(header, measureBatch(batch).root);
  if (Buffer.compare(id, received.batchId) !== 0) {
    return new BatchMismatch(
      'batch_mismatch',
      `the body is batch ${toHex(id)}, the record says ${toHex(received.batchId)}`,
    );
  }
  const mode = client ? 'client' : 'service';
  if (mode !== root.mode) {
    return new BatchMismatch(
      'mode_mismatch',
      `the body is in ${mode} mode, root version ${root.rootVersion} is in ${root.mode} mode`,
    );
  }
  if (client && Buffer.compare(client.subject, root.subject) !== 0) {
    return new BatchMismatch(
      'subject_mismatch',
      'the header line names another subject than the one registered for the wallet',
    );
  }
  return null;
}
