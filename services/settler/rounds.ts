import { hasPassed } from '../pipeline/clock.ts';
import { RetriableError } from '../pipeline/errors.ts';
import type { Faults } from '../pipeline/faults.ts';
import type { App, Apps } from '../pipeline/ports/apps.ts';
import { type Chain, FINAL_DEPTH } from '../pipeline/ports/chain.ts';
import type { FinalRound, OutboxRow, Round, SettlementStore } from '../pipeline/ports/settlement-store.ts';
import type { SettlerSignals } from './events.ts';
import { nextExtrinsic, sortByFunds } from './funds.ts';
import { decide, evolve, type OutboxEvent } from './resolve.ts';
import { dueApps, planCut } from './round.ts';

export interface RoundsEdges {
  readonly store: SettlementStore;
  readonly chain: Chain;
  readonly apps: Apps;
  readonly network: string;
  /** Puts final charges into `ddc.settlements.finalized`; may be told the same one again. */
  publish(rounds: readonly FinalRound[]): Promise<void>;
  /** Milliseconds since the epoch. */
  now(): number;
  readonly faults: Faults;
  readonly signals: SettlerSignals;
}

export interface RoundsPlan {
  readonly everyMs: number;
  /** A round is cut early at so many leaves, and holds no more. */
  readonly maxLeaves: number;
  /** Planck an app must owe to be cut before its oldest leaf is 24 h old. */
  readonly minimum: bigint;
  /** How often pots of apps that could not pay are looked at. */
  readonly reviveMs: number;
}

export const ROUNDS: Omit<RoundsPlan, 'everyMs'> = { maxLeaves: 50_000, minimum: 0n, reviveMs: 5_000 };

/** Charges looked at in one go; more wait for the next extrinsic. */
const AT_ONCE = 900;
/** Unpaid charges of one app that are looked at in one go: every app that owes is seen, whatever another owes. */
const REVIVED_PER_APP = 10;
/** A charge that failed alone although its pot is full is tried again after this, and then twice as long each time. */
const FIRST_PATIENCE_MS = 60_000;

const nameOf = (app: Uint8Array): string => Buffer.from(app).toString('hex');
const keyOf = ({ round, app }: { round: number; app: Uint8Array }): string => `${round}/${nameOf(app)}`;

/** Drives rounds from the cut to a final charge. Holds nothing that a crash may not lose: the truth is in the store and on the chain. */
export interface Rounds {
  /**
   * One step forward.
   * @returns `busy`: call again at once; `waiting`: an extrinsic is on its way; `idle`: nothing to do now
   * @throws RetriableError when chain, database or log do not answer
   */
  tick(): Promise<'busy' | 'waiting' | 'idle'>;
}

export function createRounds(edges: RoundsEdges, plan: RoundsPlan): Rounds {
  const { store, chain, apps, network, now, faults, signals } = edges;
  /** At a start the last cut is unknown: one is made at once, or a settler that restarts more often than a round lasts would never cut. */
  let cutAt = Number.NEGATIVE_INFINITY;
  let revivedAt = Number.NEGATIVE_INFINITY;
  /** The chain may have changed behind us: the last final block is looked at again. */
  let unsure = true;
  const patience = new Map<string, { until: number; ms: number }>();

  async function write(row: OutboxRow, event: OutboxEvent): Promise<void> {
    const step = evolve(row, event);
    if (!(await store.step(row, step))) return;
    if (event.kind === 'submitted') return;
    signals.emit(event.kind, { nonce: row.nonce, outbox: row.id, charges: row.charges.length });
    if (event.kind !== 'finalized' || event.inclusion.error === null) return;
    signals.emit('failed', { nonce: row.nonce, why: event.inclusion.error });
    for (const charge of step.rounds.filter(({ state }) => state === 'unpaid')) {
      const ms = 2 * (patience.get(keyOf(charge))?.ms ?? FIRST_PATIENCE_MS / 2);
      patience.set(keyOf(charge), { until: now() + ms, ms });
    }
    revivedAt = Number.NEGATIVE_INFINITY;
  }

  async function resolve(row: OutboxRow): Promise<'busy' | 'waiting'> {
    const fate = await chain.fate(row);
    const deep = fate.kind === 'included' && (await chain.isFinal(fate.block, FINAL_DEPTH));
    const event = decide(row, fate, deep);
    if (event) {
      await write(row, event);
      return event.kind === 'included' ? 'waiting' : 'busy';
    }
    if (fate.kind === 'pending') await send(row);
    return 'waiting';
  }

  async function send(row: OutboxRow): Promise<void> {
    const refusal = await chain.submit(row);
    faults.reach('after-submit');
    if (refusal !== null) signals.emit('refused', { nonce: row.nonce, why: refusal });
    if (row.state === 'signed') await write(row, { kind: 'submitted' });
  }

  /** After an outage or a start: is the block of the last final extrinsic still there? */
  async function recheck(): Promise<boolean> {
    const last = await store.lastFinal();
    unsure = false;
    if (!last?.inclusion || (await chain.isFinal(last.inclusion.block, 0))) return false;
    await write(last, { kind: 'vanished' });
    return true;
  }

  async function cutIfDue(): Promise<void> {
    const due = hasPassed(plan.everyMs, cutAt, now());
    if (!due && (await store.uncut()) < plan.maxLeaves) return;
    const cut = await store.cut(plan.maxLeaves, (owed) => dueApps(owed, plan.minimum, now()), planCut);
    cutAt = now();
    for (const { round, leaves, operations } of cut) signals.emit('cut', { round, leaves, operations });
  }

  async function funds(registered: readonly App[], rounds: readonly Round[]) {
    const wanted = new Set(rounds.map(({ app }) => nameOf(app)));
    const asked = registered.filter(({ app }) => wanted.has(nameOf(app)));
    const amounts = await chain.available(asked.map(({ pot }) => pot));
    const available = new Map(asked.map(({ app }, index) => [nameOf(app), amounts[index] ?? 0n]));
    return sortByFunds(network, rounds, registered, available);
  }

  /** Unpaid charges whose pot is filled are cut again; apps are marked and unmarked as their charges say. */
  async function reviveIfDue(): Promise<void> {
    if (!hasPassed(plan.reviveMs, revivedAt, now())) return;
    revivedAt = now();
    const registered = await apps.list();
    const unpaid = await store.unpaid(REVIVED_PER_APP);
    if (unpaid.length > 0) {
      const patient = unpaid.filter((round) => (patience.get(keyOf(round))?.until ?? 0) <= now());
      const { payable } = await funds(registered, patient);
      await store.move(
        payable.map(({ round }) => round),
        'unpaid',
        'cut',
      );
    }
    const owing = new Set(unpaid.map(({ app }) => nameOf(app)));
    for (const { app, unpaid: marked } of registered) {
      if (marked === owing.has(nameOf(app))) continue;
      await apps.setUnpaid(app, !marked);
      signals.emit(marked ? 'paid' : 'unpaid', { app: nameOf(app) });
    }
  }

  async function charge(): Promise<'busy' | 'waiting' | 'idle'> {
    const open = await store.rounds('cut', AT_ONCE);
    if (open.length === 0) return 'idle';
    const { payable, short } = await funds(await apps.list(), open);
    if (short.length > 0) {
      await store.move(short, 'cut', 'unpaid');
      revivedAt = Number.NEGATIVE_INFINITY;
    }
    const chosen = nextExtrinsic(payable);
    if (chosen.length === 0) return 'busy';
    const fitting = chosen.slice(0, await chain.fits(chosen.map((item) => item.charge)));
    const nonce = await nextNonce();
    const extrinsic = await chain.sign(
      fitting.map((item) => item.charge),
      nonce,
    );
    const row = await store.sign(
      extrinsic,
      fitting.map((item) => item.round),
    );
    if (row === null) return 'busy';
    signals.emit('signed', { nonce, outbox: row.id, charges: row.charges.length });
    faults.reach('after-sign');
    await send(row);
    return 'waiting';
  }

  /** The chain is the truth, the outbox a lower bound. */
  async function nextNonce(): Promise<number> {
    const nonce = await chain.nonce();
    const last = await store.lastFinal();
    if (last && nonce <= last.nonce) {
      signals.emit('behind', { nonce, last: last.nonce });
      throw new RetriableError(
        'chain_behind',
        `The chain's nonce is ${nonce}, but ${last.nonce} is final in the outbox.`,
      );
    }
    return nonce;
  }

  async function publish(): Promise<void> {
    const ready = await store.unpublished(AT_ONCE);
    if (ready.length === 0) return;
    await edges.publish(ready);
    await store.published(ready);
    signals.emit('published', { charges: ready.length });
  }

  return {
    async tick() {
      try {
        const row = await store.unresolved();
        if (row) return await resolve(row);
        if (unsure && (await recheck())) return 'busy';
        await publish();
        await cutIfDue();
        await reviveIfDue();
        return await charge();
      } catch (error) {
        if (error instanceof RetriableError) unsure = true;
        throw error;
      }
    },
  };
}
