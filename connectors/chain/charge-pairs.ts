import type { ApiPromise } from '@polkadot/api';
import type { Call, EventRecord } from '@polkadot/types/interfaces';
import { u8aToHex } from '@polkadot/util';
import type { BlockRef } from '../../services/pipeline/ports/chain.ts';
import { potAccount } from './pots.ts';

/** A transfer that happened. */
export interface Moved {
  /** -1 when the sender is none of the operator's first 65,536 pots that its calls name. */
  readonly pot: number;
  readonly to: `0x${string}`;
  readonly amount: bigint;
}

/** What an extrinsic moved, from the block's events: calls only say what was meant. */
export async function transfers(
  api: ApiPromise,
  operator: Uint8Array,
  block: BlockRef,
  index: number,
): Promise<Moved[]> {
  const records = (await (await api.at(block.hash)).query.system?.events?.()) as unknown as EventRecord[];
  const potOf = potIndex(operator);
  return records
    .filter(
      ({ phase, event }) =>
        phase.isApplyExtrinsic &&
        phase.asApplyExtrinsic.eq(index) &&
        event.section === 'balances' &&
        event.method === 'Transfer',
    )
    .flatMap(({ event }) => {
      const [from, to, amount] = event.data as unknown as [Codec, Codec, Codec];
      return [{ pot: potOf(from.toU8a()), to: u8aToHex(to.toU8a()), amount: BigInt(amount.toString()) }];
    });
}

interface Codec {
  toU8a(): Uint8Array;
  toString(): string;
}

const pots = new Map<string, Map<string, number>>();

/** Which pot an account is; computed once per operator for the pots that are met, lowest first. */
function potIndex(operator: Uint8Array): (account: Uint8Array) => number {
  const key = u8aToHex(operator);
  const known = pots.get(key) ?? new Map<string, number>();
  pots.set(key, known);
  return (account) => {
    const wanted = u8aToHex(account);
    for (let pot = known.size; !known.has(wanted) && pot < 4_096; pot++)
      known.set(u8aToHex(potAccount(operator, pot)), pot);
    return known.get(wanted) ?? -1;
  };
}

/** A charge and the remark that follows it. */
export interface Pair {
  readonly pot: number;
  readonly to: `0x${string}`;
  readonly amount: bigint;
  readonly remark: Uint8Array;
}

/** Charges with the remark that follows each, leaving out the items of a `forceBatch` that failed. */
export function pairsOf(call: Call, failed: readonly number[]): Pair[] {
  const calls = flatten(call, failed);
  const pairs: Pair[] = [];
  for (const [index, one] of calls.entries()) {
    const after = calls[index + 1];
    if (!isCall(one, 'utility', 'asDerivative') || !after || !isCall(after, 'system', 'remarkWithEvent')) continue;
    const [pot, inner] = one.args as unknown as [Codec, Call];
    if (!isCall(inner, 'balances', 'transferKeepAlive')) continue;
    const [to, amount] = inner.args as unknown as [Codec, Codec];
    const [remark] = after.args as unknown as [{ toU8a(bare: true): Uint8Array }];
    pairs.push({
      pot: Number(pot.toString()),
      // an account, or a MultiAddress: a tag and the account
      to: u8aToHex(to.toU8a().slice(-32)),
      amount: BigInt(amount.toString()),
      remark: remark.toU8a(true),
    });
  }
  return pairs;
}

function flatten(call: Call, failed: readonly number[] = []): Call[] {
  if (call.section !== 'utility' || !['batchAll', 'batch', 'forceBatch'].includes(call.method)) return [call];
  const items = [...(call.args[0] as unknown as Call[])];
  return items.filter((_, index) => !failed.includes(index)).flatMap((item) => flatten(item));
}

const isCall = (call: Call, section: string, method: string) => call.section === section && call.method === method;
