import { createCipheriv, createDecipheriv } from 'node:crypto';
import { concat, fromBase64url, ProtocolError, toBase64url } from '../../../protocol/index.ts';
import type { Random } from '../../pipeline/clock.ts';
import type { Owner } from '../../pipeline/ports/vault.ts';
import { ApiProblem } from '../problems.ts';

/** The last event that a page has looked at. Pages are ordered by (time, batch id, index), never by where something is stored. */
export interface Cursor {
  /** Earliest event time of the batch, milliseconds since the epoch. */
  readonly time: number;
  readonly batchId: Uint8Array;
  readonly index: number;
}

const NONCE = 12;
const TAG = 16;
const PLAIN = 8 + 2 + 32;
const CIPHER = 'aes-256-gcm';

/**
 * Cursors as readers get them: sealed, because a page also looks at batches of which its reader may know nothing, and bound to the owner.
 * @param key 32 bytes, the same in every process of a deployment
 */
export function createCursors(key: Uint8Array, random: Pick<Random, 'bytes'>) {
  return {
    show({ app, wallet }: Owner, { time, batchId, index }: Cursor): string {
      const plain = new Uint8Array(PLAIN);
      const view = new DataView(plain.buffer);
      view.setBigInt64(0, BigInt(time));
      view.setUint16(8, index);
      plain.set(batchId, 10);
      const nonce = random.bytes(NONCE);
      const cipher = createCipheriv(CIPHER, key, nonce).setAAD(concat(app, wallet));
      return toBase64url(concat(nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()));
    },

    /** @throws ApiProblem `invalid` for anything that no page of this owner has answered */
    read({ app, wallet }: Owner, text: string): Cursor {
      try {
        const bytes = fromBase64url(text);
        if (bytes.length !== NONCE + PLAIN + TAG) throw new ProtocolError('length');
        const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE)).setAAD(concat(app, wallet));
        decipher.setAuthTag(bytes.subarray(NONCE + PLAIN));
        const plain = concat(decipher.update(bytes.subarray(NONCE, NONCE + PLAIN)), decipher.final());
        const view = new DataView(plain.buffer, plain.byteOffset);
        return { time: Number(view.getBigInt64(0)), index: view.getUint16(8), batchId: plain.slice(10) };
      } catch {
        throw new ApiProblem('invalid', { detail: 'after: give what `next` of the page before says' });
      }
    },
  };
}

export type Cursors = ReturnType<typeof createCursors>;
