import { encode } from '@ipld/dag-cbor';
import { beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { batchOf, NETWORK } from '../test/support/batches.ts';
import { encodeNdjson } from './batch.ts';
import { closeEvent } from './close-event.ts';
import {
  type Event,
  fromHex,
  openMeta,
  parseBatch,
  ready,
  scopeKey,
  seal,
  sealMeta,
  subjectOf,
  toBase64url,
  utf8,
  verifyBatch,
} from './index.ts';

beforeAll(ready);

const userRoot = new Uint8Array(32).fill(3);
const nonce = new Uint8Array(24).fill(4);
const epoch = 0xffff_ffff;
const label = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 10 })
  .filter((text) => !/\p{Cc}/u.test(text) && utf8(text).length <= 128);
const quoted = fc.constantFrom('"', '\\', 'a"b\\', 'é', '\u2028', '🚀', 'plain');
const scopes = fc.dictionary(
  fc.stringMatching(/^[A-Za-z0-9.-][A-Za-z0-9_.-]{0,40}$/),
  fc.record({
    salt: fc.constant('ab'.repeat(16)),
    data: fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.nat(70_000).map((n) => 'x'.repeat(n)),
    ),
  }),
  { minKeys: 1, maxKeys: 40, noNullPrototype: true },
);
const events = fc.uniqueArray(
  fc
    .record(
      {
        id: fc.uuid({ version: 7 }),
        type: fc.oneof(label, quoted),
        time: fc.constant('2026-02-03T04:05:06.000Z'),
        session: fc.oneof(label, quoted),
        blob: fc.constant('bafkr4ihkr4ld3m4gqkjf4reryxsy2s5tkbxprqkow6fin2iiyvreuzzab4'),
        scopes,
      },
      { requiredKeys: ['id', 'type', 'time', 'scopes'] },
    )
    .map((event) => event as Event),
  { minLength: 1, maxLength: 30, selector: (event) => event.id },
);

test('the size computed from lengths is the length of the encrypted batch, in either mode', () => {
  fc.assert(
    fc.property(events, (list) => {
      // Signing refuses what no receiver would take.
      const dataLength = list
        .flatMap((event) => Object.values(event.scopes))
        .reduce((sum, scope) => sum + ('data' in scope ? scope.data.length : 0), 0);
      fc.pre(dataLength < 700_000);
      const batch = batchOf(list);
      const app = fromHex(batch.header.app);
      const subject = subjectOf(userRoot);
      const meta = sealMeta({ userRoot, app, epoch, header: batch.header, events: list, nonce });
      const envelopes = list.map((event) =>
        Object.fromEntries(
          Object.entries(event.scopes).map(([scope, open]) => {
            if (!('data' in open)) throw new Error('closed');
            const key = scopeKey(userRoot, app, scope, epoch);
            return [
              scope,
              seal({
                scopeKey: key,
                epoch,
                app,
                subject,
                eventId: event.id,
                scope,
                salt: fromHex(open.salt),
                data: open.data,
                nonce,
              }),
            ];
          }),
        ),
      );
      const length = encode({ subject, app, epoch, meta, events: envelopes }).length;

      const verified = verifyBatch(batch, { network: NETWORK });
      expect(verified.encryptedSize).toBe(length);
      const opened = openMeta({ userRoot, app, epoch, envelope: meta });
      expect([opened.root, opened.batchId, opened.leaves]).toEqual([verified.root, verified.batchId, verified.leaves]);

      const sealed = list.map((event, i) => {
        const closed = closeEvent(event).scopes;
        const both = Object.entries(closed).map(([scope, it]) => [
          scope,
          { ...it, envelope: toBase64url(envelopes[i]?.[scope] as Uint8Array) },
        ]);
        return { ...event, scopes: Object.fromEntries(both) } as Event;
      });
      const body = encodeNdjson({ header: batch.header, events: sealed, client: { subject, epoch, meta } });
      fc.pre(body.length <= 2_000_000);
      const received = verifyBatch(parseBatch(body, 'ndjson'), { network: NETWORK });
      expect([received.mode, received.encryptedSize, received.batchId]).toEqual(['client', length, verified.batchId]);
    }),
    { numRuns: 40 },
  );
});
