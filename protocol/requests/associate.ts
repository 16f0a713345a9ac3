import { ProtocolError } from '../errors.ts';
import { ZERO_KEY } from '../header.ts';
import { text } from './fields.ts';
import { defineKind } from './kind.ts';

const isClusterName = (value: unknown): value is string => typeof value === 'string' && /^[a-z0-9-]{1,32}$/.test(value);

/** The wallet says which named set of IPFS nodes keeps what it writes. It belongs to no app. */
export const associate = defineKind({
  summary: 'Associates the wallet with the cluster of IPFS nodes that keeps what it writes from now on, in every app.',
  signers: ['wallet'],
  validity: 'fresh',
  zero: ['app'],
  fields: { cluster: text('cluster', isClusterName) },
  check(_content, frame) {
    if (frame.app !== ZERO_KEY) throw new ProtocolError('key', 'app');
  },
});
