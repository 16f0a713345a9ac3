import {
  type BatchLine,
  type Disclosure,
  disclose,
  type Event,
  type EventLine,
  type ExpectedOwner,
  fromBase64url,
  fromHex,
  type Meta,
  open,
  type ProvedBatch,
  proveBatch,
  proveEvent,
  toHex,
} from '../../protocol/index.ts';
import { keyFor, metaOf, type ReadEvent, type ScopeKeyOf } from './read-event.ts';

/** An event under a verified signature. */
export interface ExtractedEvent extends ReadEvent {
  /** Which event of its batch, from 0. */
  readonly index: number;
  readonly blob?: string;
}

/** A batch whose signature holds. */
export interface ProvenBatch {
  readonly line: BatchLine;
  readonly proved: ProvedBatch;
  /** Of what a client encrypted by itself: the heads of its events. */
  readonly meta: Meta | null;
}

/**
 * @param keys open the meta of what a client encrypted by itself
 * @returns null where they do not
 * @throws ProtocolError when it is not what was signed, or another's
 */
export function provenBatch(line: BatchLine, expected: ExpectedOwner, keys: readonly ScopeKeyOf[]): ProvenBatch | null {
  if (line.content !== 'unchecked') return { line, proved: proveBatch(line, expected), meta: null };
  const meta = line.meta === undefined ? null : metaOf(line, line.meta, keys, expected.app);
  if (!meta) return null;
  const { header, root } = meta;
  return { line, proved: proveBatch({ ...line, header, root: toHex(root) }, expected), meta };
}

/**
 * An event of a batch, proved, with the scopes that are plain or that the keys open.
 * @param isWanted asked before anything is opened
 * @returns null where it is not wanted
 * @throws ProtocolError when it is not what was signed
 */
export function provenEvent(
  { line: batch, proved, meta }: ProvenBatch,
  line: EventLine,
  keys: readonly ScopeKeyOf[],
  isWanted: (event: Event) => boolean = () => true,
): ExtractedEvent | null {
  const disclosure = meta ? disclose(meta, line.index, []) : disclosureOf(proved, line);
  if (!isWanted(disclosure.event)) return null;
  const { event, scopes } = opened(disclosure.event, line, batch, keys, proved);
  const { id, type, time, session, blob } = event;
  return {
    ...{ batchId: batch.id, index: line.index, id, type, time },
    ...(session === undefined ? {} : { session }),
    ...(blob === undefined ? {} : { blob }),
    ...{ signer: proved.header.signer, wallet: proved.header.wallet, scopes },
    disclosure: { ...disclosure, event: plain(event) },
  };
}

const disclosureOf = (proved: ProvedBatch, line: EventLine): Disclosure => ({
  header: proved.header,
  index: line.index,
  proof: line.proof ?? [],
  event: proveEvent(proved, line),
});

/** What may be kept: `verifyDisclosure` checks it without the service and without any key. */
const plain = (event: Event): Event => ({
  ...event,
  scopes: Object.fromEntries(
    Object.entries(event.scopes).map(([name, scope]) => [
      name,
      'commitment' in scope ? { commitment: scope.commitment } : scope,
    ]),
  ),
});

function opened(
  event: Event,
  line: EventLine,
  batch: BatchLine,
  keys: readonly ScopeKeyOf[],
  { header }: ProvedBatch,
): { event: Event; scopes: Record<string, string> } {
  const place = { epoch: batch.epoch, app: fromHex(header.app, 32), subject: fromHex(batch.subject, 32) };
  const scopes: Record<string, string> = {};
  const shown: Event['scopes'] = {};
  for (const [scope, closed] of Object.entries(event.scopes)) {
    shown[scope] = closed;
    if ('data' in closed) {
      scopes[scope] = closed.data;
      continue;
    }
    const own = keyFor(batch, scope, keys);
    const came = (Object.hasOwn(line.scopes, scope) ? line.scopes[scope] : {}) as { envelope?: string };
    const { envelope } = came;
    if (!own || envelope === undefined) continue;
    const commitment = fromHex(closed.commitment, 32);
    const at = { ...place, scopeKey: own.key, eventId: event.id, scope };
    const { salt, data } = open({ ...at, envelope: fromBase64url(envelope), commitment });
    scopes[scope] = data;
    shown[scope] = { salt: toHex(salt), data };
  }
  return { event: { ...event, scopes: shown }, scopes };
}
