import { randomBytes } from 'node:crypto';
import { beforeAll, expect, test } from '@jest/globals';
import { uuidv7 } from '../sdk/js/event-id.ts';
import { commitment, openAll, type Place, ready, type SealedPart, seal, toHex } from './index.ts';

beforeAll(ready);

const bytes = (length: number) => new Uint8Array(randomBytes(length));
const place: Omit<Place, 'eventId'> = {
  scopeKey: bytes(32),
  epoch: 3,
  app: bytes(32),
  subject: bytes(32),
  scope: 'purchase',
};
const TEXTS = ['', '{"sum":"1.50"}', 'naïve \u2028 \ufeff', 'x'.repeat(40_000), 'after a long one'];

function sealed(data: string): SealedPart {
  const [eventId, salt] = [uuidv7(Date.now(), bytes(10)), bytes(16)];
  const envelope = seal({ ...place, eventId, salt, data, nonce: bytes(24) });
  return { eventId, envelope, commitment: toHex(commitment(salt, data)) };
}

test('opens every part as it was sealed, in order, whatever its length', () => {
  expect(openAll(place, TEXTS.map(sealed))).toEqual(TEXTS);
  const ascii = TEXTS.filter((text) => text.length === new TextEncoder().encode(text).length);
  expect(openAll(place, ascii.map(sealed))).toEqual(ascii);
  expect(openAll(place, [])).toEqual([]);
});

const part = () => sealed('mine');
const flipped = (envelope: Uint8Array, at: number) => envelope.map((byte, i) => (i === at ? byte ^ 1 : byte));
const LIES: Record<string, [code: string, lie: () => { part?: SealedPart; place?: Partial<typeof place> }]> = {
  'another event': ['commitment', () => ({ part: { ...part(), eventId: part().eventId } })],
  'another scope': ['commitment', () => ({ place: { scope: 'profile' } })],
  'another epoch': ['epoch', () => ({ place: { epoch: 4 } })],
  'another key': ['commitment', () => ({ place: { scopeKey: bytes(32) } })],
  'another subject': ['commitment', () => ({ place: { subject: bytes(32) } })],
  'a changed nonce': ['commitment', () => ({ part: { ...part(), envelope: flipped(part().envelope, 7) } })],
  'a changed text': ['tag', () => ({ part: ((one) => ({ ...one, envelope: flipped(one.envelope, 79) }))(part()) })],
  'a text that was not signed': ['commitment', () => ({ part: { ...part(), commitment: part().commitment } })],
  'a commitment that is none': ['hex', () => ({ part: { ...part(), commitment: 'AB'.repeat(32) } })],
  'an envelope that is cut off': ['length', () => ({ part: { ...part(), envelope: new Uint8Array(93) } })],
  'an id that would move what follows it': ['id', () => ({ part: { ...part(), eventId: `${part().eventId}0` } })],
  'an id of as many characters, but more bytes': ['id', () => ({ part: { ...part(), eventId: 'é'.repeat(36) } })],
};

test.each(Object.entries(LIES))('refuses %s, also behind parts that are in order', (_, [code, lie]) => {
  const { part: bad = part(), place: other = {} } = lie();
  const first = Object.keys(other).length === 0 ? [part()] : [];
  expect(() => openAll({ ...place, ...other }, [...first, bad])).toThrow(expect.objectContaining({ code }));
});
