import { randomBytes } from 'node:crypto';
import { CID } from 'multiformats/cid';
import { createMemoryClusters } from '../../connectors/postgres/memory-clusters.ts';
import { createMemoryPins } from '../../connectors/postgres/memory-pins.ts';
import type { Pinned } from '../../schemas/index.ts';
import { createEncryptRecordsStep } from '../../services/encryptor/encrypt-records.ts';
import { indexEntry } from '../../services/indexer/index-entry.ts';
import { createPinBatchesStep } from '../../services/pinner/pin-batches.ts';
import type { Accepted } from '../../services/pipeline/accepted.ts';
import { NO_FAULTS } from '../../services/pipeline/faults.ts';
import type { Outcome } from '../../services/pipeline/outcome.ts';
import type { Vault } from '../../services/pipeline/ports/vault.ts';
import { voidOf } from '../../services/pipeline/void.ts';
import type { MemoryApi } from './api.ts';

/** Encryptor, pinner and indexer behind an API over memory twins: `run` passes on everything that was accepted since. */
export function memoryRooms(it: MemoryApi, vault: Pick<Vault, 'roots'>) {
  const { admission, index, ipfs, positions } = it;
  const random = (length: number) => new Uint8Array(randomBytes(length));
  const encrypt = createEncryptRecordsStep({
    vault,
    admission,
    random,
    rules: { duplicates: true },
    transit: 'sealed',
  });
  const pin = createPinBatchesStep({
    clusters: createMemoryClusters(),
    ipfs: new Map([[ipfs.name, ipfs]]),
    pins: createMemoryPins(),
    faults: NO_FAULTS,
  });
  const pinned: Accepted<Pinned>[] = [];
  const dead: string[] = [];
  let running: Promise<void> = Promise.resolve();

  async function runPartition(partition: number): Promise<void> {
    const from = await positions.load('indexer', partition);
    const records = it.appended().filter((one) => one.partition === partition);
    const accepted = records.slice(from.next).map(({ record, received }, i) => {
      return { origin: from.next + i, value: received, record: { ...record, offset: from.next + i }, retryOf: null };
    });
    if (accepted.length === 0) return;
    const outcomes = await encrypt(accepted, partition);
    const encrypted = accepted.map((one, i) => ({ ...one, value: sent(one.value, outcomes[i]) }));
    const done = await pin(encrypted, partition);
    const out = encrypted.map((one, i) => ({ ...one, value: sent(one.value, done[i]) }));
    const to = { next: from.next + accepted.length, mark: from.next + accepted.length - 1 };
    for (const stage of ['encryptor', 'pinner'] as const) {
      await positions.load(stage, partition);
      if (!(await positions.compareAndSet(stage, partition, from, to)))
        throw new Error(`${stage} was moved by another`);
    }
    if (!(await index.apply(partition, from, to, out.map(indexEntry)))) throw new Error('the indexer was moved');
    pinned.push(...out);
  }

  function sent<T>(head: Parameters<typeof voidOf>[0], outcome: Outcome<T> | undefined): T {
    if (outcome?.kind === 'ok') return outcome.value;
    if (!outcome) throw new Error('an input without an outcome');
    if (outcome.kind === 'dlq') dead.push(outcome.code);
    return voidOf(head, outcome.kind === 'dlq' ? 'dead' : outcome.reason, outcome.sender) as T;
  }

  return {
    pinned,
    /** Codes of dead letters. */
    dead,
    run(): Promise<void> {
      running = running.then(async () => {
        for (const partition of [0, 1, 2, 3]) await runPartition(partition);
      });
      return running;
    },
    fetchBlock: (cid: string) => ipfs.block(CID.parse(cid)),
  };
}
