// Fees, settlement leaves and remarks, from docs/formats.md ("Settlement").

import { checkNetwork } from './batches.mjs';
import { cat, H, hex, lp, need, same, textOf, toInt, uint, utf8 } from './bytes.mjs';
import { integer } from './json.mjs';

const REMARK = utf8('cere-ddc:settle:v1\n');

/** An amount in planck, decimal text in vectors. */
export function amount(text) {
  need(typeof text === 'string' && /^[0-9]+$/.test(text) && BigInt(text) < 1n << 128n, 'fee');
  return BigInt(text);
}

export function feeOf(count, bytes, perOperation, perMiB) {
  const n = BigInt(integer(count, 'range'));
  const size = BigInt(integer(bytes, 'range'));
  const fee = n * perOperation + (size * perMiB + 1048575n) / 1048576n;
  need(fee < 1n << 128n, 'fee');
  return fee;
}

export function settlementLeaf({ batchId, hash, count, bytes, fee }) {
  need(batchId.length === 32 && hash.length === 32, 'length');
  return H(cat([0], batchId, hash, uint(count, 4), uint(bytes, 8), uint(fee, 16)));
}

export function remark({ network, round, app, root, leaves, operations, bytes, fee }) {
  checkNetwork(network);
  need(app.length === 32 && root.length === 32, 'length');
  return cat(
    REMARK,
    lp(utf8(network)),
    uint(round, 8),
    app,
    root,
    uint(leaves, 4),
    uint(operations, 8),
    uint(bytes, 8),
    uint(fee, 16),
  );
}

export function parseRemark(told) {
  let at = 0;
  const take = (size) => {
    need(at + size <= told.length, 'remark');
    at += size;
    return told.slice(at - size, at);
  };
  const number = (size) => {
    const n = toInt(take(size));
    need(n < 1n << 53n, 'remark');
    return Number(n);
  };
  need(same(take(REMARK.length), REMARK), 'remark');
  const network = textOf(take(number(4)));
  need(/^[a-z0-9-]{1,32}$/.test(network), 'remark');
  const read = {
    network,
    round: number(8),
    app: hex(take(32)),
    root: hex(take(32)),
    leaves: number(4),
    operations: number(8),
    bytes: number(8),
    fee: toInt(take(16)).toString(),
  };
  need(at === told.length, 'remark');
  return read;
}
