import { randomBytes } from 'node:crypto';
import { allowExports } from '../../cli/demo/allow.ts';
import { encodeNdjson, signBatch, toHex } from '../../protocol/index.ts';
import type { Account, DdcClient } from '../../sdk/js/index.ts';
import { partitionOf } from '../../topics/partition.ts';
import { accounts } from '../erasure/removing.ts';
import { postAll } from '../support/posting.ts';
import type { SuiteSandbox } from '../support/sandbox.ts';
import { mixedEvent } from './mixed-events.ts';

const SCOPES = ['purchase', 'profile'];
/** Few, so that there are many records: the indexer leaves a checkpoint each 1,000. */
const BATCH = 4;

/** Wallets in equal numbers of every partition, that write batches in turn. */
export async function openFlow({ deployment, app }: SuiteSandbox, client: DdcClient, each: number, partitions: number) {
  const byPartition = Array.from({ length: partitions }, (): Account[] => []);
  while (byPartition.some((some) => some.length < each))
    for (const account of await accounts(each * partitions)) {
      const some = byPartition[partitionOf(account.publicKey, partitions)];
      if (some && some.length < each) some.push(account);
    }
  const wallets = byPartition.flat();
  await allowExports(
    client,
    wallets.map((wallet) => ({ wallet, scopes: SCOPES })),
  );
  const writers = wallets.map((account) => ({ account, source: toHex(randomBytes(16)), seq: 0, gone: false }));
  let events = 0;
  let turn = 0;

  function nextBatch(): Uint8Array {
    let writer = writers[turn++ % writers.length];
    while (writer?.gone) writer = writers[turn++ % writers.length];
    if (!writer) throw new Error('nobody writes any more');
    const { account, source } = writer;
    const batch = signBatch({
      ...{ network: deployment.network, app: toHex(app), wallet: toHex(account.publicKey), source, seq: writer.seq++ },
      ...{ issuedAt: Date.now(), signer: 'wallet', wrap: 'none', algorithm: account.algorithm, keyPair: account },
      events: Array.from({ length: BATCH }, () => mixedEvent(events++)),
    });
    return encodeNdjson(batch);
  }

  return {
    wallets,
    scopes: SCOPES,
    /** Writes nothing more of this wallet. */
    end(account: Account): void {
      for (const writer of writers) if (writer.account === account) writer.gone = true;
    },
    /** Writes so many events, some hundred batches at a time. @returns how many there are in all */
    async write(count: number): Promise<number> {
      for (let left = Math.ceil(count / BATCH); left > 0; left -= 400)
        await postAll(deployment.api, Array.from({ length: Math.min(left, 400) }, nextBatch));
      return events;
    },
  };
}

export type Flow = Awaited<ReturnType<typeof openFlow>>;
