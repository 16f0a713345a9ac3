import {
  type Batch,
  type Event,
  encodeNdjson,
  type Header,
  keyPairFromSeed,
  signBatch,
  toHex,
} from '../../protocol/index.ts';

export const NETWORK = 'cere-sandbox';

/** An event with one scope; everything follows from `i`. */
export function eventOf(i: number, data = `{"n":${i}}`, scope = '__default_scope'): Event {
  const id = `0199dd8d-cba7-7d22-9453-${i.toString(16).padStart(12, '0')}`;
  const salt = (i + 1).toString(16).padStart(32, '0');
  return { id, type: 'PAGE_VIEW', time: '2026-02-03T04:05:06.000Z', scopes: { [scope]: { salt, data } } };
}

/** A signed batch of the given events. Call after `ready()`. */
export function batchOf(events: Event[], more: Partial<Header> = {}): Batch {
  const algorithm = more.algorithm ?? 'ed25519';
  const keyPair = keyPairFromSeed(algorithm, new Uint8Array(32).fill(7));
  const key = toHex(keyPair.publicKey);
  const fields = {
    network: NETWORK,
    app: key,
    wallet: key,
    source: '01'.repeat(16),
    seq: 0,
    issuedAt: 1,
    signer: 'wallet',
    wrap: 'none',
  } as const;
  const { v: _v, count: _count, signature: _signature, ...rest } = more;
  return signBatch({ ...fields, ...rest, algorithm, events, keyPair });
}

/** The NDJSON lines of a batch, without their LF. */
export const linesOf = (batch: Batch): string[] => new TextDecoder().decode(encodeNdjson(batch)).trimEnd().split('\n');
