import { beforeAll, expect, test } from '@jest/globals';
import { batchOf, eventOf, NETWORK } from '../test/support/batches.ts';
import {
  disclose,
  type Event,
  fromHex,
  openMeta,
  ready,
  sealMeta,
  toHex,
  verifyBatch,
  verifyDisclosure,
} from './index.ts';

beforeAll(ready);

const twoScopes = (i: number): Event => ({
  ...eventOf(i),
  scopes: { ...eventOf(i, 'open data').scopes, ...eventOf(i + 50, 'hidden data', 'other').scopes },
});
const wire = (value: unknown) => JSON.parse(JSON.stringify(value)) as unknown;

test('one scope of one event is shown with the signature, and nothing of the rest', () => {
  const verified = verifyBatch(
    batchOf([twoScopes(0), twoScopes(1), twoScopes(2)], { algorithm: 'sr25519', wrap: 'bytes' }),
    { network: NETWORK },
  );
  for (const index of [0, 1, 2]) {
    const shown = wire(disclose(verified, index, ['other']));
    expect(JSON.stringify(shown)).not.toContain('open data');
    const { opened, batchId, root } = verifyDisclosure(shown);
    expect(opened).toEqual({ other: 'hidden data' });
    expect([batchId, root]).toEqual([verified.batchId, verified.root]);
    expect(() => verifyDisclosure({ ...(shown as object), index: (index + 1) % 3 })).toThrow();
    expect(() => verifyDisclosure({ ...(shown as object), extra: 1 })).toThrow('does not know');
  }
});

test('what is not there cannot be disclosed', () => {
  const verified = verifyBatch(batchOf([twoScopes(0)]), { network: NETWORK });
  expect(() => disclose(verified, 1, ['other'])).toThrow('index');
  expect(() => disclose(verified, 0, ['third'])).toThrow('third');
});

test('a disclosure can be made from the meta and one opened scope, also beside a removed event', () => {
  const events = [twoScopes(0), twoScopes(1)];
  const verified = verifyBatch(batchOf(events), { network: NETWORK });
  const key = { userRoot: new Uint8Array(32).fill(1), app: fromHex(verified.header.app), epoch: 0 };
  const left = [events[0] as Event, { leaf: toHex(verified.leaves[1] as Uint8Array) }];
  const meta = openMeta({
    ...key,
    envelope: sealMeta({ ...key, header: verified.header, events: left, nonce: new Uint8Array(24) }),
  });
  const known = { ...(meta.events[0] as Event) };
  known.scopes = { ...known.scopes, other: (events[0] as Event).scopes.other as { salt: string; data: string } };
  const shown = disclose({ ...meta, events: [known, ...meta.events.slice(1)] }, 0, ['other']);
  expect(verifyDisclosure(wire(shown)).opened).toEqual({ other: 'hidden data' });
  expect(() => disclose(meta, 1, [])).toThrow('removed');
});
