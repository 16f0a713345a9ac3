import { type Credential, fromHex, toHex } from '../../protocol/index.ts';
import type { Received } from '../../schemas/index.ts';
import type { Clock } from '../pipeline/clock.ts';
import type { App } from '../pipeline/ports/apps.ts';
import type { Blobs } from '../pipeline/ports/blobs.ts';
import type { Codec } from '../pipeline/ports/codec.ts';
import type { Owner, Transit } from '../pipeline/ports/vault.ts';
import type { AppRegister } from './app-register.ts';
import type { Limiter } from './limits/limiter.ts';
import type { Quotas } from './limits/quotas.ts';
import type { RateState } from './limits/rate-limit-headers.ts';
import { ApiProblem } from './problems.ts';
import type { SharedSends } from './shared-sends.ts';
import type { Named, Verified, Verify } from './verify.ts';

/** Where an accepted batch stands in `ddc.batches.received`. */
export interface Acceptance {
  readonly batchId: Uint8Array;
  readonly partition: number;
  readonly offset: number;
  readonly count: number;
  /** It was accepted before: this is its first position. */
  readonly known: boolean;
  /** Id of its first event. */
  readonly eventId: string;
  /** What is left of the app's quota and of the caller's rate. */
  readonly limits: readonly (RateState | null)[];
}

export interface AcceptDeps {
  readonly verify: Verify;
  readonly apps: AppRegister;
  readonly quotas: Quotas;
  /** By app and wallet. */
  readonly callers: Limiter;
  /** Where a batch id was first accepted. */
  readonly origin: (batchId: Uint8Array) => Promise<{ partition: number; origin: number } | null>;
  /** The transit key of an owner; null where erased. */
  readonly transit: (owner: Owner) => Promise<Transit | null>;
  readonly seal: (publicKey: Uint8Array, body: Uint8Array) => Uint8Array;
  readonly codec: Codec<Received>;
  readonly sends: SharedSends;
  readonly blobs: Pick<Blobs, 'refer'>;
  readonly partitionOf: (wallet: Uint8Array) => number;
  readonly clock: Pick<Clock, 'now'>;
}

/**
 * @param token the app's for writes, or null
 * @param met told which app it is, before anything of it is refused
 */
export type AcceptBatch = (
  body: Uint8Array,
  format: 'ndjson' | 'json',
  token: Credential | null,
  met?: (app: App) => void,
) => Promise<Acceptance>;

/** Verify, look up, seal, append. Resolves only after the log's acknowledgement; nothing is appended when anything fails before. */
export function createAcceptBatch(deps: AcceptDeps): AcceptBatch {
  return async (body, format, token, met) => {
    const key = (header: Named) => `batches ${header.app} ${header.wallet}`;
    const verified = await deps.verify(body, format, async (header) => {
      const app = await deps.apps.find({ hex: header.app, bytes: fromHex(header.app, 32) });
      if (app) met?.(app);
      await deps.apps.admit(header, token);
      // Only looked at: what somebody else sends in a wallet's name must not use up what it may send.
      deps.callers.check(key(header));
    });
    const leave = deps.callers.enter(key(verified));
    try {
      return await append(verified, body, format);
    } finally {
      leave();
    }
  };

  async function append(verified: Verified, body: Uint8Array, format: 'ndjson' | 'json'): Promise<Acceptance> {
    const { batchId, app, wallet, count, issuedAt, subject, eventId, blobs } = verified;
    const owner = { app: fromHex(app, 32), wallet: fromHex(wallet, 32) };
    const rate = deps.callers.stateOf(`batches ${app} ${wallet}`);
    // Only the shared table tells a known id: an acknowledgement remembered here could be one that never was true.
    const [first, transit, registered] = await Promise.all([
      deps.origin(batchId),
      deps.transit(owner),
      deps.apps.find({ hex: app, bytes: owner.app }),
    ]);
    if (!registered) throw new ApiProblem('unknown_app');
    if (first) {
      const { partition, origin: offset } = first;
      const limits = [deps.quotas.stateOf(registered), rate];
      return { batchId, partition, offset, count, known: true, eventId, limits };
    }
    if (!transit) throw new ApiProblem('erased');
    // As the encryptor will judge it: signed on a device whose clock is behind that of the one that erased, it would be accepted and voided.
    if (transit.erasedAt !== null && issuedAt <= transit.erasedAt) throw new ApiProblem('older_than_erasure');
    // The encryptor refuses it too, but a batch that is sure to die must not be accepted first.
    if ((subject !== null) !== (transit.mode === 'client')) throw new ApiProblem('mode_mismatch');
    if (subject !== null && subject !== toHex(transit.subject)) throw new ApiProblem('subject_mismatch');
    const reserved = await deps.quotas.take(registered, count);
    try {
      const value = deps.codec.encode({
        batchId,
        ...owner,
        rootVersion: transit.rootVersion,
        receivedAt: deps.clock.now(),
        format,
        sealed: deps.seal(transit.publicKey, body),
      });
      // Before the log has it: a reference that is lost would cost the blob, one in vain costs nothing.
      if (blobs.length > 0) await deps.blobs.refer({ ...owner, batchId, issuedAt, blobs });
      const partition = deps.partitionOf(owner.wallet);
      const offset = await deps.sends.append(partition, wallet, { key: owner.wallet, value });
      return { batchId, partition, offset, count, known: false, eventId, limits: [reserved.state, rate] };
    } catch (error) {
      reserved.giveBack();
      throw error;
    }
  }
}
