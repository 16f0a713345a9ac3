import { concat, fromUtf8, isBytes, lp, readUint, u32, u64, u128, utf8 } from './bytes.ts';
import { ProtocolError } from './errors.ts';
import { blake2b256 } from './hash.ts';
import { isNetwork } from './header.ts';

const REMARK = utf8('cere-ddc:settle:v1\n');
const LEAF_PREFIX = Uint8Array.of(0);
const MIB = 1n << 20n;
const MAX_U128 = (1n << 128n) - 1n;

function checkFee(fee: bigint): bigint {
  if (fee < 0n || fee > MAX_U128) throw new ProtocolError('fee');
  return fee;
}

/**
 * What a batch costs: count · perOperation + ceil(bytes · perMiB / 2^20), in planck. `bytes`: all envelopes of the batch, meta included.
 * @example fee({ count: 10, bytes: 1_048_577, perOperation: 5n, perMiB: 7n }) // 58n
 * @throws ProtocolError `range` unless count and bytes are integers from 0 to 2^53-1, `fee` where a price or the result is not from 0 to 2^128-1.
 */
export function fee({
  count,
  bytes,
  perOperation,
  perMiB,
}: {
  count: number;
  bytes: number;
  perOperation: bigint;
  perMiB: bigint;
}): bigint {
  if (!Number.isSafeInteger(count) || count < 0 || !Number.isSafeInteger(bytes) || bytes < 0)
    throw new ProtocolError('range');
  const volume = BigInt(bytes) * checkFee(perMiB);
  return checkFee(BigInt(count) * checkFee(perOperation) + (volume + MIB - 1n) / MIB);
}

/**
 * BLAKE2b-256(0x00 ‖ batch id ‖ hash ‖ u32 count ‖ u64 bytes ‖ u128 fee), 32 bytes: proof of storage and receipt of the fee in one.
 * `batchId` and `hash` (BLAKE2b-256 of the batch's DAG-CBOR, as in its CID) are 32 bytes, `fee` is in planck.
 * @throws ProtocolError `length`, `range`, `fee`.
 */
export function settlementLeaf(leaf: {
  batchId: Uint8Array;
  hash: Uint8Array;
  count: number;
  bytes: number;
  fee: bigint;
}): Uint8Array {
  if (!isBytes(leaf.batchId, 32) || !isBytes(leaf.hash, 32)) throw new ProtocolError('length', 'settlement leaf');
  return blake2b256(
    concat(LEAF_PREFIX, leaf.batchId, leaf.hash, u32(leaf.count), u64(leaf.bytes), u128(checkFee(leaf.fee))),
  );
}

/** What the chain keeps of one app in one round. */
export interface SettlementRemark {
  /** Name of the deployment. */
  network: string;
  /** Number of the round, 0 to 2^53-1. */
  round: number;
  /** 32 bytes. */
  app: Uint8Array;
  /** Merkle root over the round's settlement leaves of this app, 32 bytes. */
  root: Uint8Array;
  /** Number of leaves, which is of batches; 0 to 2^32-1. */
  leaves: number;
  /** Number of events in them. */
  operations: number;
  /** Bytes of all envelopes in them. */
  bytes: number;
  /** Sum of their fees, in planck. */
  fee: bigint;
}

/**
 * The bytes of `System.remark`: "cere-ddc:settle:v1\n" ‖ lp(network) ‖ u64 round ‖ app ‖ root ‖ u32 leaves ‖ u64 operations ‖ u64 bytes ‖ u128 fee.
 * @throws ProtocolError `network`, `length`, `range`, `fee`.
 */
export function remark(fields: SettlementRemark): Uint8Array {
  if (!isNetwork(fields.network)) throw new ProtocolError('network');
  if (!isBytes(fields.app, 32) || !isBytes(fields.root, 32)) throw new ProtocolError('length', 'remark');
  return concat(
    REMARK,
    lp(utf8(fields.network)),
    u64(fields.round),
    fields.app,
    fields.root,
    u32(fields.leaves),
    u64(fields.operations),
    u64(fields.bytes),
    u128(checkFee(fields.fee)),
  );
}

/** Reads a remark back. @throws ProtocolError `remark` unless the bytes are exactly one. */
export function parseRemark(bytes: Uint8Array): SettlementRemark {
  let at = 0;
  const take = (length: number) => {
    if (at + length > bytes.length) throw new ProtocolError('remark');
    at += length;
    return bytes.subarray(at - length, at);
  };
  const counter = () => {
    const n = readUint(take(8));
    if (n > BigInt(Number.MAX_SAFE_INTEGER)) throw new ProtocolError('remark', 'a number above 2^53-1');
    return Number(n);
  };
  if (!REMARK.every((byte, i) => bytes[i] === byte)) throw new ProtocolError('remark');
  take(REMARK.length);
  const network = fromUtf8(take(Number(readUint(take(4)))));
  if (!isNetwork(network)) throw new ProtocolError('remark', 'network');
  const fields = {
    network,
    round: counter(),
    app: take(32).slice(),
    root: take(32).slice(),
    leaves: Number(readUint(take(4))),
    operations: counter(),
    bytes: counter(),
    fee: readUint(take(16)),
  };
  if (at !== bytes.length) throw new ProtocolError('remark', 'trailing bytes');
  return fields;
}
