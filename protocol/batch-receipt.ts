import { fromHex } from './bytes.ts';
import type { Cbor } from './dag-cbor.ts';
import { ProtocolError } from './errors.ts';
import type { Event } from './event.ts';
import type { Header, Signer } from './header.ts';

/** Where and when the log took a batch: the service's own word. */
export interface StatedPosition {
  /** Of `ddc.batches.received`. */
  readonly partition: number;
  /** Offset there. */
  readonly offset: number;
}

/** What the author of a batch said of it in the clear, where the service cannot open what was signed. */
export interface DeclaredBatch {
  readonly count: number;
  /** 16 bytes. */
  readonly source: Uint8Array;
  readonly seq: number;
  readonly signer: Signer;
  /** Milliseconds since the epoch. */
  readonly issuedAt: number;
}

/** The batch that a receipt is about. */
export interface StatedBatch {
  /** 32 bytes, as `app` and `wallet`. */
  readonly id: Uint8Array;
  readonly app: Uint8Array;
  readonly wallet: Uint8Array;
  /** `unchecked`: encrypted by the client; the service could not look whether it is what was signed. */
  readonly content: 'checked' | 'unchecked';
  /** Header with its signature, and the Merkle root under it; null where the service has no key to read them. */
  readonly signed: { readonly header: Header; readonly root: Uint8Array } | null;
  /** Instead of `signed`. */
  readonly declared: DeclaredBatch | null;
}

/** One event and its way to the batch's root. No content: names and commitments, or of a removed event its leaf alone. */
export interface StatedEvent {
  /** From 0. */
  readonly index: number;
  /** Sibling hashes from the leaf upwards. */
  readonly proof: readonly Uint8Array[];
  /** Every scope as `{commitment}`; null where it was removed. */
  readonly event: Event | null;
  /** 32 bytes, of a removed event; null otherwise: it is computed. */
  readonly leaf: Uint8Array | null;
}

/** Where a batch stands in IPFS: `<segment>/batches/<slot>`. */
export interface StatedStorage {
  readonly cluster: string;
  /** Bytes of the CID: version 1, DAG-CBOR, BLAKE2b-256. */
  readonly segment: Uint8Array;
  readonly slot: number;
  /** BLAKE2b-256 of the batch's DAG-CBOR. */
  readonly hash: Uint8Array;
  /** Of all envelopes, meta included. */
  readonly bytes: number;
}

/** The leaf that was settled, and its way to the root that a round anchors. */
export interface StatedRound {
  readonly round: number;
  readonly leaf: { readonly hash: Uint8Array; readonly count: number; readonly bytes: number; readonly fee: bigint };
  readonly index: number;
  /** How many leaves the tree has. */
  readonly leaves: number;
  readonly proof: readonly Uint8Array[];
  readonly root: Uint8Array;
  /** Bytes of the remark beside the charge. */
  readonly remark: Uint8Array;
  /** Null until the charge is final. */
  readonly anchor: {
    readonly block: { readonly number: number; readonly hash: Uint8Array };
    /** BLAKE2b-256 of the extrinsic. */
    readonly extrinsic: Uint8Array;
  } | null;
}

/** What was charged. */
export interface StatedSettlement {
  readonly state: 'pending' | 'unpaid' | 'final';
  /** Null while the batch is in no round. */
  readonly round: StatedRound | null;
}

/** What the operator states about a batch, or about one event of it. */
export interface BatchReceipt {
  readonly kind: 'batch' | 'event';
  readonly network: string;
  /** When it was stated, milliseconds since the epoch. */
  readonly issuedAt: number;
  readonly position: StatedPosition;
  readonly batch: StatedBatch;
  /** Null in kind `batch`. */
  readonly event: StatedEvent | null;
  readonly storage: StatedStorage;
  readonly settlement: StatedSettlement;
}

/**
 * The payload of a receipt as the DAG-CBOR map that is signed. What is null is left out.
 * @example signReceipt(network, batchPayload(stated), operatorKeyPair)
 */
export function batchPayload(stated: BatchReceipt): { [name: string]: Cbor } {
  const { kind, network, issuedAt, position, batch, event, storage, settlement } = stated;
  return {
    ...{ v: 1, kind, network, issuedAt, position: { ...position }, storage: { ...storage } },
    batch: batchMap(batch),
    ...(event === null ? {} : { event: eventMap(event) }),
    settlement: { state: settlement.state, ...(settlement.round === null ? {} : roundMap(settlement.round)) },
  };
}

function batchMap({ id, app, wallet, content, signed, declared }: StatedBatch): Cbor {
  return {
    ...{ id, app, wallet, content },
    ...(signed === null ? {} : { header: headerMap(signed.header), root: signed.root }),
    ...(declared === null ? {} : { declared: { ...declared } }),
  };
}

function headerMap({ app, wallet, source, signature, ...rest }: Header): Cbor {
  const bytes = { app: fromHex(app, 32), wallet: fromHex(wallet, 32), source: fromHex(source, 16) };
  return { ...rest, ...bytes, signature: fromHex(signature, 64) };
}

function eventMap({ index, proof, event, leaf }: StatedEvent): Cbor {
  const at = { index, proof: [...proof] };
  if (leaf !== null) return { ...at, leaf };
  if (event === null) throw new ProtocolError('receipt', 'an event or its leaf');
  const { scopes, ...head } = event;
  const commitments = Object.entries(scopes).map(([name, scope]) => {
    if (!('commitment' in scope)) throw new ProtocolError('receipt', 'an open scope');
    return [name, fromHex(scope.commitment, 32)] as const;
  });
  return { ...at, event: { ...head, scopes: Object.fromEntries(commitments) } };
}

function roundMap({ round, leaf, index, leaves, proof, root, remark, anchor }: StatedRound) {
  return {
    ...{ round, index, leaves, proof: [...proof], root, remark },
    leaf: { ...leaf, fee: leaf.fee.toString() },
    ...(anchor === null ? {} : { block: { ...anchor.block }, extrinsic: anchor.extrinsic }),
  };
}
