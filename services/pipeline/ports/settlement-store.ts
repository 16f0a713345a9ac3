import type { BlockRef, Inclusion, SignedExtrinsic } from './chain.ts';
import type { Position } from './positions.ts';
import type { SettlementProofs } from './settlement-proofs.ts';
import type { SettlementStatus } from './settlement-status.ts';

/** One live batch, to be charged. Never changed once written, never deleted. */
export interface Leaf {
  readonly batchId: Uint8Array;
  readonly app: Uint8Array;
  readonly partition: number;
  readonly origin: number;
  /** BLAKE2b-256 of the batch's DAG-CBOR. */
  readonly hash: Uint8Array;
  /** Events in the batch. */
  readonly count: number;
  /** Bytes of its envelopes. */
  readonly bytes: number;
  /** Planck, by the tier of the app when the leaf was written. */
  readonly fee: bigint;
  /** When the settler saw it, milliseconds since the epoch; only for "the oldest leaf is 24 h old". */
  readonly seenAt: number;
}

/** What an app owes that is in no round yet. */
export interface Owed {
  readonly app: Uint8Array;
  readonly fee: bigint;
  readonly oldest: number;
}

/** The leaves of one app in one round, their order and root frozen. */
export interface Cut {
  readonly app: Uint8Array;
  /** In the order of the tree. */
  readonly leaves: readonly Leaf[];
  readonly root: Uint8Array;
  readonly operations: number;
  readonly bytes: number;
  readonly fee: bigint;
}

export type RoundState = 'cut' | 'signed' | 'sent' | 'final' | 'unpaid';

export interface RoundKey {
  readonly round: number;
  readonly app: Uint8Array;
}

export interface Round extends RoundKey {
  readonly root: Uint8Array;
  readonly leaves: number;
  readonly operations: number;
  readonly bytes: number;
  readonly fee: bigint;
  readonly state: RoundState;
  /** It failed once among others: it goes into an extrinsic of its own. */
  readonly alone: boolean;
}

export type OutboxState = 'signed' | 'sent' | 'included' | 'final' | 'expired' | 'usurped';

/** Signed bytes and what became of them. Written before anything is sent. */
export interface OutboxRow extends SignedExtrinsic {
  readonly id: number;
  readonly state: OutboxState;
  /** Set in the states `included` and `final`. */
  readonly inclusion: Inclusion | null;
  /** In the order of the charges in the extrinsic. */
  readonly charges: readonly (RoundKey & { readonly alone: boolean })[];
}

/** The next state of an outbox row and of its charges, decided together and written together. */
export interface OutboxStep {
  readonly state: OutboxState;
  readonly inclusion: Inclusion | null;
  readonly rounds: readonly (RoundKey & { readonly state: RoundState; readonly alone: boolean })[];
}

/** A finalized charge that is not yet in `ddc.settlements.finalized`. */
export interface FinalRound extends Round {
  readonly block: BlockRef;
  readonly extrinsicHash: Uint8Array;
}

export interface SettlementStore extends SettlementStatus, SettlementProofs {
  /**
   * One transaction: move the settler's row `from` → `to` and add the leaves; a batch id that has a leaf already keeps it.
   * @returns false (nothing applied) when the row is no longer `from`.
   */
  apply(partition: number, from: Position, to: Position, leaves: readonly Leaf[]): Promise<boolean>;
  /** Leaves without a round. */
  uncut(): Promise<number>;
  /**
   * One transaction: gives the next round number to the leaves of every app that `due` picks, at most `limit` leaves, oldest first,
   * in the order and with the roots that `plan` computes.
   */
  cut(
    limit: number,
    due: (owed: readonly Owed[]) => readonly Uint8Array[],
    plan: (leaves: readonly Leaf[]) => Cut,
  ): Promise<Round[]>;
  /** Charges in a state, by round and app. */
  rounds(state: RoundState, limit: number): Promise<Round[]>;
  /** Unpaid charges of every app that has any, by round and app; of each app the oldest `perApp`: one that owes much hides nobody. */
  unpaid(perApp: number): Promise<Round[]>;
  /** Moves charges that no extrinsic holds: `cut` ↔ `unpaid`. */
  move(keys: readonly RoundKey[], from: 'cut' | 'unpaid', to: 'cut' | 'unpaid'): Promise<void>;
  /** The one outbox row that is not resolved yet (signed, sent or included). */
  unresolved(): Promise<OutboxRow | null>;
  /** The newest row whose extrinsic is final. */
  lastFinal(): Promise<OutboxRow | null>;
  /**
   * One transaction: stores the signed bytes and moves their charges `cut` → `signed`.
   * @returns null, with nothing written, when another row is unresolved, the nonce is not beyond every final one, or a charge is no longer `cut`.
   */
  sign(extrinsic: SignedExtrinsic, charges: readonly RoundKey[]): Promise<OutboxRow | null>;
  /** Writes a step if the row still is as it was read. @returns whether it was written. */
  step(row: OutboxRow, step: OutboxStep): Promise<boolean>;
  unpublished(limit: number): Promise<FinalRound[]>;
  published(keys: readonly RoundKey[]): Promise<void>;
}
