import type { ApiPromise } from '@polkadot/api';
import { Keyring } from '@polkadot/keyring';
import { u8aToHex } from '@polkadot/util';
import { blake2AsU8a, cryptoWaitReady } from '@polkadot/util-crypto';
import { RetriableError } from '../../services/pipeline/errors.ts';
import { type BlockRef, type Chain, type Charge, FINAL_DEPTH } from '../../services/pipeline/ports/chain.ts';
import { createBlocks, isCanonical, outcomeOf } from './blocks.ts';
import { chargeCall, MAX_CHARGES, withinWeight } from './calls.ts';
import { openConnection } from './connection.ts';
import { potAccount } from './pots.ts';

export interface SubstrateChainOptions {
  /** ws:// or wss:// address of a node. */
  readonly endpoint: string;
  /** Secret URI of the operator, sr25519: it pays fees and is the only one who can debit the pots. */
  readonly operator: string;
  /** 32-byte account that receives the charges; `<operator>//treasury` when absent. */
  readonly treasury?: Uint8Array;
  /** Blocks that a signed extrinsic stays valid: a power of two, at least 8. 8 in the sandbox, 64 elsewhere. */
  readonly era: number;
  /** Longest time of one call, milliseconds. Default 15,000. */
  readonly timeoutMs?: number;
}

/** The operator's account on a Substrate chain. Signs offline, sends, and finds out what happened by asking, never by waiting for a subscription. */
export async function createSubstrateChain(options: SubstrateChainOptions): Promise<Chain> {
  await cryptoWaitReady();
  const keyring = new Keyring({ type: 'sr25519' });
  const operator = keyring.createFromUri(options.operator);
  const treasury = options.treasury ?? keyring.createFromUri(`${options.operator}//treasury`).publicKey;
  const connection = openConnection(options.endpoint, options.timeoutMs);
  const blocks = createBlocks();
  const { use } = connection;

  async function head(api: ApiPromise): Promise<BlockRef> {
    const hash = await api.rpc.chain.getFinalizedHead();
    const header = await api.rpc.chain.getHeader(hash);
    return { number: header.number.toNumber(), hash: hash.toU8a() };
  }

  async function account(api: ApiPromise, who: Uint8Array, at: BlockRef | null) {
    const state = at ? await api.at(at.hash) : api;
    return (await state.query.system?.account?.(who)) as unknown as AccountLike;
  }

  async function nonceAt(api: ApiPromise, block: BlockRef): Promise<number> {
    return (await account(api, operator.publicKey, block)).nonce.toNumber();
  }

  /** A canonical block `depth` below the head. */
  async function below(api: ApiPromise, top: BlockRef, depth: number): Promise<BlockRef> {
    const number = Math.max(0, top.number - depth);
    return { number, hash: (await api.rpc.chain.getBlockHash(number)).toU8a() };
  }

  return {
    fits: (charges) =>
      use('fits', async (api) => {
        let count = Math.min(charges.length, MAX_CHARGES);
        // One charge is always below a tenth of the limit: only large batches are worth the question.
        while (count > 16 && !(await withinWeight(api, operator.address, treasury, charges.slice(0, count)))) {
          count = Math.ceil(count / 2);
        }
        return count;
      }),

    sign: (charges: readonly Charge[], nonce: number) =>
      use('sign', async (api) => {
        const birth = await below(api, await head(api), FINAL_DEPTH);
        const era = api.registry.createType('ExtrinsicEra', { current: birth.number, period: options.era });
        const signed = chargeCall(api, treasury, charges).sign(operator, {
          blockHash: birth.hash,
          era,
          genesisHash: api.genesisHash,
          nonce,
          runtimeVersion: api.runtimeVersion,
        });
        const bytes = signed.toU8a();
        return {
          bytes,
          hash: blake2AsU8a(bytes, 256),
          nonce,
          birth: era.asMortalEra.birth(birth.number),
          death: era.asMortalEra.death(birth.number),
        };
      }),

    submit: (extrinsic) =>
      use('submit', async (_api, rpc) => {
        try {
          await rpc('author_submitExtrinsic', [u8aToHex(extrinsic.bytes)]);
          return null;
        } catch (error) {
          const refusal = refusalOf(error);
          if (refusal === null) throw error;
          return refusal;
        }
      }),

    fate: (extrinsic) =>
      use('fate', async (api) => {
        const top = await head(api);
        const found = await blocks.find(api, top, extrinsic);
        if (found) return { kind: 'included', ...found, ...(await outcomeOf(api, found.block, found.index)) };
        // Judged at a block that no reorganisation of our depth takes away.
        const settled = await below(api, top, FINAL_DEPTH);
        if ((await nonceAt(api, settled)) > extrinsic.nonce) return { kind: 'usurped' };
        const unused = (await nonceAt(api, top)) <= extrinsic.nonce;
        return unused && settled.number >= extrinsic.death ? { kind: 'expired' } : { kind: 'pending' };
      }),

    isFinal: (block, depth) =>
      use('isFinal', async (api) => {
        const top = await head(api);
        return top.number - block.number >= depth && (await isCanonical(api, block));
      }),

    nonce: () => use('nonce', async (api) => nonceAt(api, await head(api))),

    available: (pots) =>
      use('available', async (api) => {
        const deposit = BigInt(String(api.consts.balances?.existentialDeposit));
        const accounts = pots.map((pot) => u8aToHex(potAccount(operator.publicKey, pot)));
        const states = (await api.query.system?.account?.multi(accounts)) as unknown as AccountLike[];
        return states.map(({ data }) => {
          const frozen = BigInt(String(data.frozen ?? data.miscFrozen ?? 0));
          const free = BigInt(data.free.toString()) - (frozen > deposit ? frozen : deposit);
          return free > 0n ? free : 0n;
        });
      }),

    finalizedHead: () => use('finalizedHead', head),
    close: () => connection.close(),
  };
}

interface AccountLike {
  readonly nonce: { toNumber(): number };
  readonly data: { readonly free: { toString(): string }; readonly frozen?: unknown; readonly miscFrozen?: unknown };
}

/**
 * What the node answers when its pool refuses bytes (codes 1010 … 1020 of `author_submitExtrinsic`: invalid, unknown validity, banned, known, too low
 * priority, cycle, pool full, unactionable, …); else null. None of them proves anything: the fate is asked for.
 */
function refusalOf(error: unknown): string | null {
  if (error instanceof RetriableError) return null;
  const message = error instanceof Error ? error.message : String(error);
  return /^10(1\d|20):/.test(message) ? message : null;
}
