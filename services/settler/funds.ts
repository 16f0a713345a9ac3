import type { App } from '../pipeline/ports/apps.ts';
import type { Charge } from '../pipeline/ports/chain.ts';
import type { Round } from '../pipeline/ports/settlement-store.ts';
import { remarkOf } from '../pipeline/settlement-proof.ts';

const nameOf = (app: Uint8Array): string => Buffer.from(app).toString('hex');

/** What can be charged now, in order, and what cannot because the app is unknown or its pot too small for everything before it. */
export interface Sorted {
  readonly payable: readonly { readonly round: Round; readonly charge: Charge }[];
  readonly short: readonly Round[];
}

/**
 * Holds rounds against pots. Several rounds of one app add up: a later one is short when the earlier ones leave too little.
 * @param available what each registered app's pot can pay, by hex of the app
 */
export function sortByFunds(
  network: string,
  rounds: readonly Round[],
  registered: readonly App[],
  available: ReadonlyMap<string, bigint>,
): Sorted {
  const pots = new Map(registered.map(({ app, pot }) => [nameOf(app), pot]));
  const left = new Map(available);
  const payable: Sorted['payable'][number][] = [];
  const short: Round[] = [];
  for (const round of rounds) {
    const name = nameOf(round.app);
    const pot = pots.get(name);
    const rest = (left.get(name) ?? 0n) - round.fee;
    if (pot === undefined || rest < 0n) {
      short.push(round);
      continue;
    }
    left.set(name, rest);
    payable.push({ round, charge: { app: round.app, pot, fee: round.fee, remark: remarkOf(network, round) } });
  }
  return { payable, short };
}

/** What goes into the next extrinsic: everything that never failed, together; else one that did, alone. */
export function nextExtrinsic(payable: Sorted['payable']): Sorted['payable'] {
  const together = payable.filter(({ round }) => !round.alone);
  return together.length > 0 ? together : payable.slice(0, 1);
}
