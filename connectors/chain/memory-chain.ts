import { blake2AsU8a } from '@polkadot/util-crypto';
import { RetriableError } from '../../services/pipeline/errors.ts';
import {
  type BlockRef,
  type Chain,
  type Charge,
  FINAL_DEPTH,
  type SignedExtrinsic,
} from '../../services/pipeline/ports/chain.ts';

interface Waiting {
  readonly extrinsic: Pick<SignedExtrinsic, 'hash' | 'nonce' | 'birth' | 'death'>;
  readonly charges: readonly Charge[];
}

interface MemoryBlock extends BlockRef {
  readonly extrinsics: readonly (Waiting & {
    readonly failed: 'all' | readonly number[];
    readonly error: string | null;
  })[];
  readonly nonce: number;
  readonly pots: ReadonlyMap<number, bigint>;
}

/** A transfer and the remark beside it that are in a canonical block. */
export interface MemoryCharge {
  readonly pot: number;
  readonly fee: bigint;
  readonly remark: Uint8Array;
}

/** Memory twin of the chain and the operator's account on it: blocks, nonces, eras, pots and reorganisations, made by hand. */
export interface MemoryChain extends Chain {
  /** Makes a block of what waits (in order of arrival; what is not valid now is dropped) and returns it. */
  makeBlock(): BlockRef;
  /** Throws the newest blocks away; their extrinsics are gone. Block 0 stays. */
  reorganise(depth: number): void;
  /** Whatever waits is lost. */
  loseWaiting(): void;
  /** Somebody else with the operator's key uses the next nonce, in the next block. */
  usurp(): void;
  /** Applies from the next block on. */
  fund(pot: number, amount: bigint): void;
  /** Charges that succeeded in canonical blocks, in order. */
  charged(): MemoryCharge[];
  /** The next call throws `RetriableError`, before or after it has done its work. */
  failNext(when: 'before' | 'after' | null): void;
}

export interface MemoryChainOptions {
  /** What each pot starts with. */
  readonly balance?: bigint;
  readonly era?: number;
  /** As a runtime without `forceBatch`: one charge that fails takes all with it. */
  readonly allOrNothing?: boolean;
}

export function createMemoryChain({
  balance = 1_000_000n,
  era = 8,
  allOrNothing = true,
}: MemoryChainOptions = {}): MemoryChain {
  const known = new Map<string, readonly Charge[]>();
  const keyOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
  let made = 0;
  let waiting: Waiting[] = [];
  let funded: [number, bigint][] = [];
  let failure: 'before' | 'after' | null = null;
  const hashOf = (n: number) => blake2AsU8a(new TextEncoder().encode(`block ${n}`), 256);
  let blocks: MemoryBlock[] = [{ number: 0, hash: hashOf(made++), extrinsics: [], nonce: 0, pots: new Map() }];

  const head = () => blocks.at(-1) as MemoryBlock;
  const at = (number: number) => blocks[Math.max(0, number)] as MemoryBlock;
  const ref = ({ number, hash }: BlockRef): BlockRef => ({ number, hash });

  async function call<T>(work: () => T): Promise<T> {
    const mode = failure;
    failure = null;
    if (mode === 'before')
      throw new RetriableError('chain_unreachable', 'The memory chain was told to be unreachable.');
    const result = work();
    if (mode === 'after') throw new RetriableError('chain_timeout', 'The memory chain was told to lose its answer.');
    return result;
  }

  const canonical = (block: BlockRef) => keyOf(at(block.number)?.hash ?? new Uint8Array()) === keyOf(block.hash);
  const valid = ({ nonce, birth, death }: Waiting['extrinsic'], now: number, next: number) =>
    nonce === next && now >= birth && now < death;

  return {
    makeBlock() {
      const pots = new Map(head().pots);
      for (const [pot, amount] of funded) pots.set(pot, (pots.get(pot) ?? balance) + amount);
      funded = [];
      const number = head().number + 1;
      let nonce = head().nonce;
      const included: MemoryBlock['extrinsics'][number][] = [];
      for (const item of waiting) {
        if (!valid(item.extrinsic, number, nonce)) continue;
        nonce += 1;
        const after = new Map(pots);
        const failed: number[] = [];
        for (const [index, { pot, fee }] of item.charges.entries()) {
          const rest = (after.get(pot) ?? balance) - fee;
          if (rest < 0n) failed.push(index);
          else after.set(pot, rest);
        }
        const all = allOrNothing && failed.length > 0;
        if (!all) for (const [pot, rest] of after) pots.set(pot, rest);
        included.push({
          ...item,
          failed: all ? 'all' : failed,
          error: failed.length > 0 ? 'balances.KeepAlive' : null,
        });
      }
      waiting = [];
      blocks.push({ number, hash: hashOf(made++), extrinsics: included, nonce, pots });
      return ref(head());
    },
    reorganise(depth) {
      blocks = blocks.slice(0, Math.max(1, blocks.length - depth));
    },
    loseWaiting() {
      waiting = [];
    },
    usurp() {
      const nonce = head().nonce;
      const extrinsic = { hash: hashOf(-1 - made++), nonce, birth: 0, death: Number.POSITIVE_INFINITY };
      waiting.unshift({ extrinsic, charges: [] });
    },
    fund(pot, amount) {
      funded.push([pot, amount]);
    },
    charged() {
      return blocks.flatMap(({ extrinsics }) =>
        extrinsics.flatMap(({ charges, failed }) =>
          failed === 'all' ? [] : charges.filter((_, index) => !failed.includes(index)),
        ),
      );
    },
    failNext(when) {
      failure = when;
    },

    fits: (charges) => call(() => Math.max(1, Math.min(charges.length, 450))),
    sign: (charges, nonce) =>
      call(() => {
        const birth = at(head().number - FINAL_DEPTH).number;
        const bytes = new TextEncoder().encode(`extrinsic ${made++} ${nonce}`);
        known.set(keyOf(bytes), [...charges]);
        return { bytes, hash: blake2AsU8a(bytes, 256), nonce, birth, death: birth + era };
      }),
    submit: (extrinsic) =>
      call(() => {
        const now = head();
        if (extrinsic.nonce < now.nonce) return '1010: stale';
        if (now.number + 1 >= extrinsic.death || now.number < extrinsic.birth) return '1010: badProof';
        const charges = known.get(keyOf(extrinsic.bytes));
        if (!charges) return '1010: badProof';
        waiting.push({ extrinsic, charges });
        return null;
      }),
    fate: (extrinsic) =>
      call(() => {
        for (const block of [...blocks].reverse()) {
          const index = block.extrinsics.findIndex((item) => keyOf(item.extrinsic.hash) === keyOf(extrinsic.hash));
          const found = block.extrinsics[index];
          if (found) return { kind: 'included', block: ref(block), index, failed: found.failed, error: found.error };
        }
        const settled = at(head().number - FINAL_DEPTH);
        if (settled.nonce > extrinsic.nonce) return { kind: 'usurped' };
        const unused = head().nonce <= extrinsic.nonce;
        return unused && settled.number >= extrinsic.death ? { kind: 'expired' } : { kind: 'pending' };
      }),
    isFinal: (block, depth) => call(() => head().number - block.number >= depth && canonical(block)),
    nonce: () => call(() => head().nonce),
    available: (pots) => call(() => pots.map((pot) => head().pots.get(pot) ?? balance)),
    finalizedHead: () => call(() => ref(head())),
    close: async () => undefined,
  };
}
