import {
  type Disclosure,
  fromBase64url,
  fromHex,
  open,
  ProtocolError,
  verifyDisclosure,
} from '../../protocol/index.ts';

/** A scope key of one owner. */
export interface ScopeKeyOf {
  readonly scope: string;
  readonly rootVersion: number;
  readonly epoch: number;
  /** 32 secret bytes. */
  readonly key: Uint8Array;
}

/** An event as the service returns it: everything that is needed to check it, now or later, without the service. */
export interface DisclosedEvent {
  readonly batchId: string;
  /** Hex, 32 bytes: stands for the wallet in public storage. */
  readonly subject: string;
  readonly rootVersion: number;
  readonly epoch: number;
  readonly disclosure: Disclosure;
  /** Scope → base64url. */
  readonly envelopes: Readonly<Record<string, string>>;
}

/** What a reader can prove of an event. */
export interface ReadEvent {
  readonly id: string;
  readonly type: string;
  readonly time: string;
  readonly session?: string;
  /** Whose key signed. */
  readonly signer: 'wallet' | 'app';
  readonly wallet: string;
  /** The scopes that the keys open. */
  readonly scopes: Readonly<Record<string, string>>;
}

/**
 * Verifies an event and opens the scopes that these keys open; keys of other scopes, epochs and roots are left aside.
 * @param network the deployment's own, part of every signature
 * @throws ProtocolError when the signature, the inclusion, an envelope or a commitment is not what was signed
 */
export function readEvent(found: DisclosedEvent, keys: readonly ScopeKeyOf[], network: string): ReadEvent {
  const { disclosure, envelopes, epoch, rootVersion } = found;
  verifyDisclosure(disclosure);
  const { header, event } = disclosure;
  if (header.network !== network) throw new ProtocolError('network');
  const app = fromHex(header.app, 32);
  const subject = fromHex(found.subject, 32);
  const scopes: Record<string, string> = {};
  for (const [scope, closed] of Object.entries(event.scopes)) {
    const own = keys.find((one) => one.scope === scope && one.epoch === epoch && one.rootVersion === rootVersion);
    const envelope = Object.hasOwn(envelopes, scope) ? envelopes[scope] : undefined;
    if (!own || envelope === undefined) continue;
    if (!('commitment' in closed)) throw new ProtocolError('disclosure');
    const place = { scopeKey: own.key, epoch, app, subject, eventId: event.id, scope };
    const commitment = fromHex(closed.commitment, 32);
    scopes[scope] = open({ ...place, envelope: fromBase64url(envelope), commitment }).data;
  }
  const { id, type, time, session } = event;
  const { signer, wallet } = header;
  return { id, type, time, ...(session === undefined ? {} : { session }), signer, wallet, scopes };
}
