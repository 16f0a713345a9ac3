import { randomBytes } from 'node:crypto';
import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  type Content,
  type KeyPair,
  keyPairFromSeed,
  ready,
  signRequest,
  toHex,
  verifyRequest,
} from '../../protocol/index.ts';
import type { OwnedBatch, OwnedEvent, RemovedEvents } from '../../services/pipeline/ports/removed-events.ts';
import type { Requests } from '../../services/pipeline/ports/requests.ts';
import { selectorOf } from '../../services/pipeline/rules/removal.ts';

export interface RemovedEventsUnderTest {
  readonly requests: Requests;
  readonly removedEvents: RemovedEvents;
}

const bytes = (length: number) => new Uint8Array(randomBytes(length));
const idOf = (n: number) => `01900000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const NOW = 1_800_000_000_000;

/** What whoever asks for removed events may rely on. */
export function removedEventsContract(name: string, open: () => Promise<RemovedEventsUnderTest>): void {
  describe(`removed events contract: ${name}`, () => {
    let it: RemovedEventsUnderTest;
    let wallet: KeyPair;
    const app = bytes(32);
    beforeAll(() => ready());
    beforeEach(async () => {
      it = await open();
      wallet = keyPairFromSeed('ed25519', bytes(32));
    });

    /** @returns id of the removal, hex, and how many ranges count */
    async function remove(content: Content<'remove'>, issuedAt = NOW, of = wallet) {
      const head = { kind: 'remove' as const, network: 'cere-sandbox', app: toHex(app), wallet: toHex(of.publicKey) };
      const how = { signer: 'wallet' as const, algorithm: 'ed25519' as const, wrap: 'none' as const };
      const signed = signRequest({ ...head, ...how, id: toHex(bytes(16)), issuedAt, content }, of);
      const request = verifyRequest(signed, { network: 'cere-sandbox', kind: 'remove' });
      const owner = { app, wallet: of.publicKey };
      const answer = await it.requests.once(request, async (effects) => ({
        ...(await effects.remove(selectorOf(owner, content))),
      }));
      return { id: request.id, ranges: answer.ranges };
    }

    const event = (n: number, over: Partial<OwnedEvent> = {}): OwnedEvent => ({
      app,
      wallet: wallet.publicKey,
      id: idOf(n),
      time: 1_000 + n,
      session: `session ${n % 2}`,
      issuedAt: NOW,
      ...over,
    });
    const batch = (over: Partial<OwnedBatch> = {}): OwnedBatch => ({
      ...{ app, wallet: wallet.publicKey, issuedAt: NOW, count: 2, idMin: idOf(1), timeMin: 1_001, timeMax: 1_002 },
      ...over,
    });
    const asked = async (events: readonly OwnedEvent[]) =>
      (await it.removedEvents.of(events)).map((one) => one && toHex(one.id));

    test('nothing is removed of whoever removed nothing', async () => {
      expect(await it.removedEvents.of([])).toEqual([]);
      expect(await it.removedEvents.ofSealed([])).toEqual([]);
      expect(await asked([event(1), event(2)])).toEqual([null, null]);
      expect(await it.removedEvents.ofSealed([batch()])).toEqual([null]);
    });

    test('by id, by time and by session, from the commit on, and in no other wallet or app', async () => {
      const ids = await remove({ events: [idOf(1), idOf(5)] });
      const range = await remove({ from: 1_002, to: 1_003 });
      expect(await asked([event(1), event(2), event(3), event(4), event(5)])).toEqual([
        ids.id,
        range.id,
        null,
        null,
        ids.id,
      ]);
      const session = await remove({ session: 'session 0' });
      expect(await asked([event(4), event(3), event(4, { session: null })])).toEqual([session.id, null, null]);
      const strange = { wallet: bytes(32) };
      expect(await asked([1, 2, 4].map((n) => event(n, strange)))).toEqual([null, null, null]);
      expect(await asked([1, 2, 4].map((n) => event(n, { app: bytes(32) })))).toEqual([null, null, null]);
    });

    test('a request that fails removes nothing', async () => {
      const signed = signRequest(
        {
          ...{ kind: 'remove', network: 'cere-sandbox', app: toHex(app), wallet: toHex(wallet.publicKey) },
          ...{ id: toHex(bytes(16)), issuedAt: NOW, signer: 'wallet', algorithm: 'ed25519', wrap: 'none' },
          content: { events: [idOf(1)] },
        },
        wallet,
      );
      const fails = it.requests.once(verifyRequest(signed, { network: 'cere-sandbox' }), async (effects) => {
        await effects.remove({ events: [idOf(1)] });
        throw new Error('lost');
      });
      await expect(fails).rejects.toThrow('lost');
      expect(await asked([event(1)])).toEqual([null]);
    });

    test('reaches batches that were signed until it was; what is recorded again later stays', async () => {
      await remove({ events: [idOf(1)] });
      await remove({ from: 1_002, to: 1_003 });
      await remove({ session: 'session 1' });
      const later = { issuedAt: NOW + 1 };
      expect(await asked([event(1, later), event(2, later), event(3, later)])).toEqual([null, null, null]);
    });

    test('of several removals the last that was signed is named, in whatever order they came', async () => {
      const last = await remove({ events: [idOf(1)] }, NOW + 9);
      await remove({ events: [idOf(1)] }, NOW + 5);
      await remove({ from: 0, to: 2_000 }, NOW + 7);
      const [found] = await it.removedEvents.of([event(1)]);
      expect(found && { ...found, id: toHex(found.id) }).toEqual({ id: last.id, issuedAt: NOW + 9 });
    });

    test('answers about many owners and events at once, in order', async () => {
      const mine = await remove({ events: [idOf(1)] });
      const second = keyPairFromSeed('ed25519', bytes(32));
      const theirs = await remove({ events: [idOf(2)] }, NOW, second);
      const of = { wallet: second.publicKey };
      expect(await asked([event(2, of), event(1), event(1, of), event(2)])).toEqual([theirs.id, mine.id, null, null]);
    });

    test('what is not known of an event counts for the removal, but no range selects without a time', async () => {
      const ids = await remove({ events: [idOf(1)] }, 5);
      await remove({ from: 0, to: 9_999 }, 5);
      const unknown = { time: null, session: null, issuedAt: 0 };
      expect(await asked([event(1, unknown), event(2, unknown)])).toEqual([ids.id, null]);
    });

    test('a batch that only its owner can open goes as a whole or not at all', async () => {
      await remove({ events: [idOf(1), idOf(2)] });
      await remove({ from: 1_001, to: 1_002 });
      expect((await it.removedEvents.ofSealed([batch(), batch({ count: 1 })])).map((one) => one !== null)).toEqual([
        false,
        true,
      ]);
      await remove({ from: 1_001, to: 1_003 });
      const asked = [batch(), batch({ timeMax: 1_003 }), batch({ issuedAt: NOW + 1 }), batch({ wallet: bytes(32) })];
      expect((await it.removedEvents.ofSealed(asked)).map((one) => one !== null)).toEqual([true, false, false, false]);
    });

    test('a range within a later one counts no more', async () => {
      expect(await remove({ from: 10, to: 20 })).toMatchObject({ ranges: 1 });
      expect(await remove({ from: 30, to: 40 }, NOW + 1)).toMatchObject({ ranges: 2 });
      expect(await remove({ from: 0, to: 35 }, NOW + 2)).toMatchObject({ ranges: 2 });
      expect(await remove({ from: 0, to: 40 }, NOW + 3)).toMatchObject({ ranges: 1 });
    });
  });
}
