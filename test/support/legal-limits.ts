import { type Event, encodeNdjson, measureBatch } from '../../protocol/index.ts';
import type { createTestSigner } from './signed-batches.ts';
import { testEvent } from './signed-batches.ts';

/** Bytes that a batch may have: encrypted, and decoded as it is sent. */
export const MAX_ENCRYPTED = 1_000_000;
export const MAX_BODY = 2_000_000;

/** The largest numbers that a header may have; the API takes no clock that is five minutes ahead, less what a slow test may need. */
export const largestNumbers = (now: number) => ({ seq: Number.MAX_SAFE_INTEGER, issuedAt: now + 5 * 60_000 - 20_000 });

type Signer = ReturnType<typeof createTestSigner>;
/** Events whose first scope holds `padding`; everything else of them stays as it is from call to call. */
export type Shape = (padding: string) => Event[];

const small = '{"n":1}';

/** `count` events with one scope each. */
export function manyEvents(count: number): Shape {
  const events = Array.from({ length: count }, (_, i) => testEvent(i, { purchase: small }));
  return withPadding(events);
}

/** `count` events with 64 scopes each. */
export function manyScopes(count: number): Shape {
  const scopes = Object.fromEntries(Array.from({ length: 63 }, (_, i) => [`s${i}`, '']));
  return withPadding(Array.from({ length: count }, (_, i) => testEvent(i, { purchase: small, ...scopes })));
}

function withPadding([first, ...others]: Event[]): Shape {
  const purchase = first?.scopes.purchase;
  if (!first || !purchase || !('salt' in purchase)) throw new Error('the first event has no scope to fill');
  return (data) => [{ ...first, scopes: { ...first.scopes, purchase: { ...purchase, data } } }, ...others];
}

/** Signed by nobody yet, but as long as it will be. */
const measured = (signer: Signer, events: Event[]) => {
  const batch = signer.sign({ events, seq: 0, issuedAt: Date.now() });
  return { encrypted: measureBatch(batch).encryptedSize, body: encodeNdjson(batch).length };
};

/** Long enough that the heads of lengths around it do not change any more. */
const PROBE = 100_000;

/**
 * The padding that makes a batch exactly `encrypted` bytes long once encrypted and, where the text allows, `body` bytes as it is sent:
 * a control character is one byte of data and six of JSON, a quotation mark one and two.
 */
export function paddingFor(signer: Signer, shape: Shape, encrypted: number, body: number | null = null): string {
  const probe = measured(signer, shape('x'.repeat(PROBE)));
  const length = PROBE + encrypted - probe.encrypted;
  if (body === null) return 'x'.repeat(length);
  const spare = body - (probe.body - PROBE + length);
  const controls = Math.floor(spare / 5);
  const quotes = spare % 5;
  if (spare < 0 || controls + quotes > length) throw new Error('this body cannot have that length');
  return '\u0001'.repeat(controls) + '"'.repeat(quotes) + 'x'.repeat(length - controls - quotes);
}
