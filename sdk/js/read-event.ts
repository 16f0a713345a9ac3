import {
  type Disclosure,
  disclose,
  type Event,
  fromBase64url,
  fromHex,
  META_SCOPE,
  type Meta,
  open,
  openMeta,
  ProtocolError,
  toHex,
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
  /** `<segment>/batches/<slot>/events/<index>` is the path of the envelopes in IPFS. */
  readonly locator: {
    readonly cluster: string;
    readonly segment: string;
    readonly slot: number;
    readonly index: number;
  };
  /** Hex, 32 bytes: stands for the wallet in public storage. */
  readonly subject: string;
  readonly rootVersion: number;
  readonly epoch: number;
  readonly content: 'checked' | 'unchecked';
  /** null where content is unchecked: `disclosureFromMeta` makes it, for whoever holds the key of `__meta`. */
  readonly disclosure: Disclosure | null;
  /** Scope → base64url. */
  readonly envelopes: Readonly<Record<string, string>>;
}

/** What a reader can prove of an event. */
export interface ReadEvent {
  readonly batchId: string;
  readonly id: string;
  readonly type: string;
  readonly time: string;
  readonly session?: string;
  /** Whose key signed: an event with `app` is attested by the application, not signed by the user. */
  readonly signer: 'wallet' | 'app';
  readonly wallet: string;
  /** The scopes that the keys open: name → data as it was signed. */
  readonly scopes: Readonly<Record<string, string>>;
  /** The proof of just that, to be kept: `verifyDisclosure` checks it without the service and without any key. */
  readonly disclosure: Disclosure;
}

/** Whose events are expected: what a service returns of anybody else is refused. */
export interface ExpectedOwner {
  /** The deployment's own name, part of every signature. */
  readonly network: string;
  /** Hex. */
  readonly app: string;
  readonly wallet: string;
}

/** The key of a scope that opens an event, if it is among these. */
export const keyFor = (
  { rootVersion, epoch }: Pick<DisclosedEvent, 'rootVersion' | 'epoch'>,
  scope: string,
  keys: readonly ScopeKeyOf[],
): ScopeKeyOf | undefined =>
  keys.find((one) => one.scope === scope && one.epoch === epoch && one.rootVersion === rootVersion);

/**
 * Verifies an event and opens the scopes that these keys open; keys of other scopes, epochs and roots are left aside.
 * @param disclosure the event's own, or what `disclosureFromMeta` made
 * @throws ProtocolError when owner, signature, inclusion, an envelope or a commitment is not what was signed
 */
export function readEvent(
  found: Omit<DisclosedEvent, 'disclosure'>,
  disclosure: Disclosure,
  keys: readonly ScopeKeyOf[],
  expected: ExpectedOwner,
): ReadEvent {
  const { header, event, batchId } = verifyDisclosure(disclosure);
  if (header.network !== expected.network) throw new ProtocolError('network');
  if (header.app !== expected.app || header.wallet !== expected.wallet || toHex(batchId) !== found.batchId)
    throw new ProtocolError('disclosure', 'another owner or batch');
  const place = { epoch: found.epoch, app: fromHex(header.app, 32), subject: fromHex(found.subject, 32) };
  const scopes: Record<string, string> = {};
  const opened: Event['scopes'] = {};
  for (const [scope, closed] of Object.entries(event.scopes)) {
    const own = keyFor(found, scope, keys);
    const envelope = Object.hasOwn(found.envelopes, scope) ? found.envelopes[scope] : undefined;
    opened[scope] = closed;
    if (!own || envelope === undefined) continue;
    if (!('commitment' in closed)) throw new ProtocolError('disclosure');
    const { salt, data } = open({
      ...place,
      scopeKey: own.key,
      eventId: event.id,
      scope,
      envelope: fromBase64url(envelope),
      commitment: fromHex(closed.commitment, 32),
    });
    scopes[scope] = data;
    opened[scope] = { salt: toHex(salt), data };
  }
  const { id, type, time, session } = event;
  const kept = { ...disclosure, event: { ...event, scopes: opened } };
  const { signer, wallet } = header;
  const told = { batchId: found.batchId, id, type, time, ...(session === undefined ? {} : { session }) };
  return { ...told, signer, wallet, scopes, disclosure: kept };
}

/**
 * Opens the meta of a batch whose content is unchecked, and proves it: the signature holds over its leaves.
 * @returns null when the key of `__meta` is not among these
 * @throws ProtocolError of `openMeta`
 */
export function metaOf(
  found: Pick<DisclosedEvent, 'rootVersion' | 'epoch' | 'subject'>,
  envelope: string,
  keys: readonly ScopeKeyOf[],
  app: string,
): Meta | null {
  const own = keyFor(found, META_SCOPE, keys);
  if (!own) return null;
  const place = { epoch: found.epoch, app: fromHex(app, 32), subject: fromHex(found.subject, 32) };
  return openMeta({ ...place, scopeKey: own.key, envelope: fromBase64url(envelope) });
}

/** The disclosure of an event whose owner has opened the meta. @throws ProtocolError `disclosure` when it was removed */
export const disclosureFromMeta = (meta: Meta, { locator }: Pick<DisclosedEvent, 'locator'>): Disclosure =>
  disclose(meta, locator.index, []);
