import type { Encrypted, EncryptedBody, Pinned } from '../../schemas/index.ts';
import type { Accepted } from '../pipeline/accepted.ts';
import { FatalError } from '../pipeline/errors.ts';
import type { Faults } from '../pipeline/faults.ts';
import { dlq, type Outcome, ok } from '../pipeline/outcome.ts';
import type { Clusters } from '../pipeline/ports/clusters.ts';
import type { IpfsCluster } from '../pipeline/ports/ipfs.ts';
import type { Pins } from '../pipeline/ports/pins.ts';
import { type BatchBlock, batchBlock } from './batch-block.ts';
import { type ClusterPlan, planFlush } from './plan-flush.ts';
import { MAX_BATCH_BYTES } from './segment.ts';

export interface PinBatchesDeps {
  readonly clusters: Clusters;
  /** By name. */
  readonly ipfs: ReadonlyMap<string, IpfsCluster>;
  readonly pins: Pins;
  readonly faults: Faults;
}

interface Work {
  readonly index: number;
  readonly record: Encrypted;
  readonly body: EncryptedBody;
  readonly block: BatchBlock;
}

/**
 * Pins everything of a flush with one CAR per cluster and says where each batch is; voids are passed on as they are.
 * Resolves only when every cluster has pinned. Repeating it after a failure is harmless: the CIDs are the same.
 */
export function createPinBatchesStep(deps: PinBatchesDeps) {
  return async (inputs: readonly Accepted<Encrypted>[], partition: number): Promise<Outcome<Pinned>[]> => {
    const outcomes: Outcome<Pinned>[] = new Array(inputs.length);
    const work: Work[] = [];
    for (const [index, { value: record }] of inputs.entries()) {
      const { body } = record;
      if (body === null) {
        outcomes[index] = ok({ ...record, body });
        continue;
      }
      const block = batchBlock({ app: record.app, ...body });
      if (block.encoded.length <= MAX_BATCH_BYTES) work.push({ index, record, body, block });
      else outcomes[index] = tooLarge(record, body, block);
    }
    if (work.length === 0) return outcomes;

    const names = await deps.clusters.of(work.map(({ record }) => record.wallet));
    const plan = planFlush(work.map(({ block }, i) => ({ cluster: names[i] as string, encoded: block.encoded })));
    const origins = work.map(({ index }) => (inputs[index] as Accepted<Encrypted>).origin);
    await pinAll(deps, partition, origins, plan.clusters);

    for (const [i, { index, record, body, block }] of work.entries()) {
      const place = plan.places[i];
      if (!place) throw new Error(`the plan has no place for batch ${i} of ${work.length}`);
      const { hash, bytes } = block;
      const location = { cluster: names[i] as string, segment: place.segment.bytes, slot: place.slot, hash, bytes };
      outcomes[index] = ok({ ...record, body: { ...body, ...location } });
    }
    return outcomes;
  };
}

async function pinAll(
  deps: PinBatchesDeps,
  partition: number,
  origins: readonly number[],
  plans: readonly ClusterPlan[],
) {
  const first = origins[0] as number;
  const last = origins.at(-1) as number;
  const targets = plans.map((plan) => ({ ...plan, ipfs: clusterOf(deps, plan.cluster) }));
  await deps.pins.record(targets.map(({ cluster, root }) => ({ cluster, root, partition, first, last })));
  await Promise.all(targets.map(({ ipfs, car, root }) => ipfs.importCar(car, root)));
  deps.faults.reach('after-pin');
}

function clusterOf({ ipfs }: PinBatchesDeps, name: string): IpfsCluster {
  const cluster = ipfs.get(name);
  if (cluster) return cluster;
  throw new FatalError('unknown_cluster', `A wallet belongs to IPFS cluster ${name}, which this pinner was not given.`);
}

function tooLarge({ source, seq }: Encrypted, body: EncryptedBody, block: BatchBlock): Outcome<Pinned> {
  const cause = new Error(
    `${body.events.length} events are ${block.encoded.length} bytes, more than ${MAX_BATCH_BYTES}`,
  );
  return dlq('batch_too_large', cause, source && seq !== null ? { source, seq } : undefined);
}
