import { createCipheriv, createDecipheriv } from 'node:crypto';
import { z } from 'zod';
import { concat, fromBase64url, toBase64url, utf8 } from '../../../protocol/index.ts';
import type { Random } from '../../pipeline/clock.ts';
import type { Owner } from '../../pipeline/ports/vault.ts';
import { ApiProblem } from '../problems.ts';

/** Where a reader is in one partition. */
export interface PartitionPlace {
  /** Every origin up to here is behind it. */
  readonly mark: number;
  /** A batch that it is in: events up to `index` are behind it. */
  readonly within: { readonly origin: number; readonly index: number } | null;
}

/** Where a reader is that follows the log, by partition. */
export type FollowPlace = ReadonlyMap<number, PartitionPlace>;

export const BEFORE_ALL: PartitionPlace = { mark: -1, within: null };

const whole = z.int().min(-1);
/** Partition, mark and, in a batch, its origin and the index. */
const places = z.array(z.union([z.tuple([whole, whole]), z.tuple([whole, whole, whole, whole])]));

const NONCE = 12;
const TAG = 16;
const CIPHER = 'aes-256-gcm';
const OF = utf8('follow');

/** Places as readers get them: sealed and bound to the owner, as cursors are. @param key 32 bytes, the same in every process of a deployment */
export function createFollowCursors(key: Uint8Array, random: Pick<Random, 'bytes'>) {
  return {
    show({ app, wallet }: Owner, at: FollowPlace): string {
      const told = [...at].map(([partition, { mark, within }]) =>
        within ? [partition, mark, within.origin, within.index] : [partition, mark],
      );
      const nonce = random.bytes(NONCE);
      const cipher = createCipheriv(CIPHER, key, nonce).setAAD(concat(OF, app, wallet));
      return toBase64url(concat(nonce, cipher.update(JSON.stringify(told)), cipher.final(), cipher.getAuthTag()));
    },

    /** @throws ApiProblem `invalid` for anything that no stream of this owner has told */
    read({ app, wallet }: Owner, text: string): FollowPlace {
      try {
        const bytes = fromBase64url(text);
        const tagAt = Math.max(NONCE, bytes.length - TAG);
        const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE), { authTagLength: TAG });
        decipher.setAAD(concat(OF, app, wallet)).setAuthTag(bytes.subarray(tagAt));
        const plain = concat(decipher.update(bytes.subarray(NONCE, tagAt)), decipher.final());
        return new Map(
          places
            .parse(JSON.parse(Buffer.from(plain).toString()))
            .map(([partition, mark, origin, index]) => [
              partition,
              { mark, within: origin === undefined || index === undefined ? null : { origin, index } },
            ]),
        );
      } catch {
        throw new ApiProblem('invalid', {
          detail: 'Last-Event-ID: give the `id` that a stream of these events told last',
        });
      }
    },
  };
}

export type FollowCursors = ReturnType<typeof createFollowCursors>;
