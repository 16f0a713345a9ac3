import type { ApiPromise } from '@polkadot/api';
import { u8aToHex } from '@polkadot/util';
import type { Charge } from '../../services/pipeline/ports/chain.ts';

/** Charges in one extrinsic that are safe on every runtime we know. */
export const MAX_CHARGES = 450;

/** One part in a hundred of the limit stays free: weights of fees and signature checks differ a little by runtime. */
const SPARE = 100n;

/**
 * The one call for many apps: per app a charge from its pot and the remark beside it.
 * `forceBatch([batchAll([charge, remark]) …])` where the runtime has it, so that an app that fails harms no other; else one `batchAll`,
 * which moves everything or nothing.
 */
export function chargeCall(api: ApiPromise, treasury: Uint8Array, charges: readonly Charge[]) {
  const { utility, balances, system } = api.tx;
  if (!utility?.asDerivative || !utility.batchAll || !balances?.transferKeepAlive || !system?.remarkWithEvent) {
    throw new Error('This runtime lacks utility, balances or system.remarkWithEvent: the settler cannot charge on it.');
  }
  const { asDerivative, batchAll, forceBatch } = utility;
  const { transferKeepAlive } = balances;
  const { remarkWithEvent } = system;
  const pair = ({ pot, fee, remark }: Charge) => [
    asDerivative(pot, transferKeepAlive(u8aToHex(treasury), fee)),
    remarkWithEvent(u8aToHex(remark)),
  ];
  return forceBatch ? forceBatch(charges.map((charge) => batchAll(pair(charge)))) : batchAll(charges.flatMap(pair));
}

interface Weight {
  readonly refTime: bigint;
  readonly proofSize: bigint;
}

/** Weights are one number on older runtimes, two on newer ones. */
function weightOf(weight: unknown): Weight {
  const two = weight as { refTime?: { toString(): string }; proofSize?: { toString(): string } };
  if (two.refTime && two.proofSize)
    return { refTime: BigInt(two.refTime.toString()), proofSize: BigInt(two.proofSize.toString()) };
  return { refTime: BigInt(String(weight)), proofSize: 0n };
}

/** Whether an extrinsic with these charges stays below the runtime's limit in both dimensions. */
export async function withinWeight(
  api: ApiPromise,
  operator: string,
  treasury: Uint8Array,
  charges: readonly Charge[],
): Promise<boolean> {
  const info = await chargeCall(api, treasury, charges).paymentInfo(operator, { nonce: 0 });
  const weights = api.consts.system?.blockWeights as unknown as {
    perClass: { normal: { maxExtrinsic: { isSome: boolean; unwrap(): unknown } } };
  };
  const { maxExtrinsic } = weights.perClass.normal;
  if (!maxExtrinsic.isSome) return true;
  const limit = weightOf(maxExtrinsic.unwrap());
  const needed = weightOf(info.weight);
  const within = (need: bigint, most: bigint) => most === 0n || need <= most - most / SPARE;
  return within(needed.refTime, limit.refTime) && within(needed.proofSize, limit.proofSize);
}
