import {
  type BatchLine,
  type Event,
  fromHex,
  open,
  ProtocolError,
  proofIn,
  type RemovedEvent,
  scrub,
  toBase64url,
  toHex,
  treeLevels,
} from '../../../protocol/index.ts';
import type { OpenableScopes } from '../disclosures/event-reader.ts';
import type { OpenedBatch } from './opened-group.ts';
import { keyName } from './scope-keys.ts';

/** How the lines of events are made. */
export interface LineWish {
  readonly proof: boolean;
  readonly isWanted: ((event: Event) => boolean) | null;
  /** null: every scope. */
  readonly scopes: ReadonlySet<string> | null;
  /** By `keyName`, to decrypt; null to leave everything sealed. */
  readonly keys: ReadonlyMap<string, Uint8Array> | null;
}

/** A line, and which event it is; null for the line of the batch itself. */
export interface Line {
  readonly text: string;
  readonly index: number | null;
  /** Removals that the line names. */
  readonly by?: readonly string[];
}

/**
 * The lines of a batch, each ended by LF: the batch itself first, then its events from number `from` on. Of a batch of which the reader may
 * see nothing there is no line; its owner, who asked for proof, is shown that it is there.
 */
export function* linesOf(opened: OpenedBatch, from: number, wish: LineWish): Generator<Line> {
  const { batch, heads, stored, reader } = opened;
  const may = reader.mayOpen(batch.body.epoch);
  if (!heads) {
    yield { text: lineOf('batch', { ...batchLine(opened), meta: toBase64url(stored.meta) }), index: null };
    for (const [index, envelopes] of stored.events.entries())
      if (index >= from) yield { text: sealedLine(index, envelopes, wish.scopes), index };
    return;
  }
  const { events } = heads;
  const isThere = (event: Event | RemovedEvent, index: number): event is Event =>
    !('leaf' in event) && !opened.removed?.[index];
  const isVisible = (event: Event) => reader.isOwner || Object.keys(event.scopes).some((scope) => may.has(scope));
  const isShown = (event: Event | RemovedEvent | undefined, index: number): event is Event =>
    event !== undefined && isThere(event, index) && isVisible(event) && (!wish.isWanted || wish.isWanted(event));
  const removed = wish.proof
    ? events.flatMap((event, index) =>
        isThere(event, index) || !('leaf' in event || isVisible(event)) ? [] : [removedAt(opened, index)],
      )
    : [];
  const isMentioned = (wish.proof && reader.isOwner) || removed.length > 0;
  if (!isMentioned && !events.some((event, index) => index >= from && isShown(event, index))) return;
  const { header, root, leaves } = heads;
  const proved = wish.proof && root ? { header, root: toHex(root), ...(removed.length > 0 ? { removed } : {}) } : {};
  const by = removed.flatMap((one) => one.by ?? []);
  yield { text: lineOf('batch', { ...batchLine(opened), ...proved }), index: null, by };
  const levels = wish.proof && leaves ? treeLevels(leaves) : null;
  for (let index = from; index < events.length; index += 1) {
    const event = events[index];
    if (!isShown(event, index)) continue;
    const scopes = scopesText(opened, index, event, may, wish);
    const proof = levels ? `,"proof":[${proofIn(levels, index).map((hash) => `"${toHex(hash)}"`)}]` : '';
    yield { text: `${headText(index, event)},"scopes":${scopes}${proof}}}\n`, index };
  }
}

/** One line: an object with one member that names what it is. */
export const lineOf = (name: string, content: unknown): string => `{"${name}":${JSON.stringify(content)}}\n`;

function batchLine({ batch }: OpenedBatch): BatchLine {
  const { batchId, wallet, rootVersion, body } = batch;
  return {
    id: toHex(batchId),
    wallet: toHex(wallet),
    signer: body.summary.signer,
    subject: toHex(body.subject),
    rootVersion,
    epoch: body.epoch,
    content: body.mode === 'client' ? 'unchecked' : 'checked',
  };
}

function removedAt({ heads, removed }: OpenedBatch, index: number) {
  const by = removed?.[index]?.id;
  return { index, leaf: toHex(heads?.leaves?.[index] ?? new Uint8Array()), by: by ? toHex(by) : null };
}

/** Put together by hand: ids, times, names of scopes and hex need no escapes, and this is what a stream spends its time on. */
function headText(index: number, { id, type, time, session, blob }: Event): string {
  const more = session === undefined ? '' : `,"session":${quoted(session)}`;
  const blobText = blob === undefined ? '' : `,"blob":"${blob}"`;
  return `{"event":{"index":${index},"id":"${id}","type":${quoted(type)},"time":"${time}"${more}${blobText}`;
}

/** Anything but letters, digits and the usual marks between them. */
const UNUSUAL = /[^\w .:/-]/;
const quoted = (text: string): string => (UNUSUAL.test(text) ? JSON.stringify(text) : `"${text}"`);

const encoded = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url');

function sealedLine(
  index: number,
  envelopes: Readonly<Record<string, Uint8Array>>,
  scopes: ReadonlySet<string> | null,
): string {
  const parts = Object.entries(envelopes).flatMap(([scope, envelope]) =>
    !scopes || scopes.has(scope) ? [`"${scope}":{"envelope":"${encoded(envelope)}"}`] : [],
  );
  return `{"event":{"index":${index},"scopes":{${parts}}}}\n`;
}

function scopesText(
  { batch, stored }: OpenedBatch,
  index: number,
  event: Event,
  may: OpenableScopes,
  { scopes, keys }: LineWish,
): string {
  let text = '';
  const refused: Record<string, string> = {};
  const isAsked = (scope: string) => may.has(scope) && (!scopes || scopes.has(scope));
  for (const scope in event.scopes) {
    const closed = event.scopes[scope];
    if (!closed || !('commitment' in closed)) throw new ProtocolError('meta', 'scope');
    let content = `"commitment":"${closed.commitment}"`;
    if (isAsked(scope)) {
      const sealed = keys && stored.events[index]?.[scope];
      const plain = keys && sealed && openScope(batch, event.id, scope, sealed, closed.commitment, keys);
      if (sealed && !plain) refused[scope] = 'no_key';
      const envelope = plain ? undefined : stored.envelopeText(index, scope);
      content = plain || (envelope === undefined ? content : `${content},"envelope":"${envelope}"`);
    }
    text += `${text === '' ? '' : ','}"${scope}":{${content}}`;
  }
  const isRefused = keys !== null && Object.keys(refused).length > 0;
  return `{${text}}${isRefused ? `,"refused":${JSON.stringify(refused)}` : ''}`;
}

/** @returns empty without the key */
function openScope(
  batch: OpenedBatch['batch'],
  eventId: string,
  scope: string,
  envelope: Uint8Array,
  commitment: string,
  keys: ReadonlyMap<string, Uint8Array>,
): string {
  const { app, wallet, rootVersion, body } = batch;
  const key = keys.get(keyName({ app, wallet, rootVersion, epoch: body.epoch, scope }));
  if (!key) return '';
  const place = { scopeKey: key, epoch: body.epoch, app, subject: body.subject, eventId, scope };
  try {
    const { salt, data } = open({ ...place, envelope, commitment: fromHex(commitment, 32) });
    return `"salt":"${toHex(salt)}","data":${JSON.stringify(data)}`;
  } finally {
    scrub();
  }
}
