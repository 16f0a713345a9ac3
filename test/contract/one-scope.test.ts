import { beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Algorithm, fromHex, open, ready, toHex, u32, verifyDisclosure } from '../../protocol/index.ts';
import {
  consentWorld,
  EPOCHS,
  EXPIRES,
  type Person,
  person,
  SCOPES,
  signed,
  type Written,
} from '../support/consent-world.ts';

const LAST_EPOCH = EPOCHS.length - 1;
/** Caches of the vault are empty after this. */
const FORGOTTEN_MS = 5_001;

const algorithms = fc.constantFrom<Algorithm>('ed25519', 'sr25519');
const scopes = fc.constantFrom(...SCOPES);
const epochs = fc.constantFrom(...EPOCHS);

interface Held {
  readonly scope: string;
  readonly epoch: number;
  readonly key: Uint8Array;
}

/** Opens one envelope with a key that somebody holds, against the commitment that the disclosure proves. */
function attempt(held: Uint8Array, { disclosure }: Written, { place, envelope }: Written['envelopes'][number]) {
  const { event } = verifyDisclosure(JSON.parse(JSON.stringify(disclosure)));
  const { commitment } = event.scopes[place.scope] as { commitment: string };
  return open({ ...place, envelope, scopeKey: held, commitment: fromHex(commitment) });
}

/** The signature covers what was opened, and no change of it. */
function expectSigned({ disclosure, owner }: Written, scope: string, opened: { salt: Uint8Array; data: string }): void {
  const show = (data: string) => {
    const event = {
      ...disclosure.event,
      scopes: { ...disclosure.event.scopes, [scope]: { salt: toHex(opened.salt), data } },
    };
    return verifyDisclosure({ ...disclosure, event });
  };
  const told = show(opened.data);
  expect(told.opened).toEqual({ [scope]: opened.data });
  expect(told.header.wallet).toBe(toHex(owner.wallet));
  expect(() => show(`${opened.data}!`)).toThrow();
}

/** No key opens any of these envelopes, nor one that is said to be of the key's epoch. */
function expectClosed(keys: readonly Held[], written: readonly Written[], but: (held: Held, one: Written) => boolean) {
  for (const held of keys)
    for (const one of written)
      for (const sealed of one.envelopes) {
        if (sealed.place.scope === held.scope && but(held, one)) continue;
        expect(() => attempt(held.key, one, sealed)).toThrow('commitment');
        const renamed = sealed.envelope.slice();
        renamed.set(u32(held.epoch), 2);
        const said = { ...sealed, envelope: renamed, place: { ...sealed.place, epoch: held.epoch } };
        expect(() => attempt(held.key, one, said)).toThrow();
      }
}

/** A world in its last epoch in which alice has granted one scope. */
async function granted(scope: string, fromEpoch: number, algorithm: Algorithm) {
  const alice = person('alice', 'app', algorithm);
  const others = [person('bob', 'app', algorithm), person('alice', 'other app', algorithm)];
  const it = await consentWorld([alice, ...others]);
  const grant = it.grant(alice, scope, fromEpoch);
  await it.requests.once(grant, async (effects) => {
    await effects.setEpochs({ epoch: LAST_EPOCH, answered: [] });
    return {};
  });
  const writeAll = (owner: Person, data: string) =>
    Promise.all(EPOCHS.map((epoch) => it.write(owner, epoch, `${data} ${epoch} `)));
  return { ...it, alice, others, grant, writeAll };
}

describe('the holder of a grant for one scope', () => {
  beforeAll(() => ready());

  test('opens it under the signature, and no other scope, earlier epoch, wallet or app', async () => {
    const check = async (scope: string, fromEpoch: number, algorithm: Algorithm, data: string) => {
      const it = await granted(scope, fromEpoch, algorithm);
      const keys = await it.held(it.alice);
      const covered = EPOCHS.filter((epoch) => epoch >= fromEpoch);
      expect(keys.map((one) => [one.scope, one.epoch])).toEqual(covered.map((epoch) => [scope, epoch]));
      for (const other of it.others) expect(await it.held(other)).toEqual([]);
      expect(await it.held(it.alice, { rootVersion: 2 })).toEqual([]);
      expect(await it.held(it.alice, { by: it.stranger })).toEqual([]);

      const own = await it.writeAll(it.alice, data);
      for (const { epoch, key } of keys) {
        const written = own[epoch] as Written;
        const sealed = written.envelopes.find((one) => one.place.scope === scope);
        if (!sealed) throw new Error('the scope was not written');
        const opened = attempt(key, written, sealed);
        expect(opened.data).toBe(sealed.text);
        expectSigned(written, scope, opened);
      }
      expectClosed(keys, own, (held, one) => one === own[held.epoch]);
      const foreign = await Promise.all(it.others.map((other) => it.writeAll(other, data)));
      expectClosed(keys, foreign.flat(), () => false);
      await it.vault.close();
    };
    const text = fc.string({ unit: 'grapheme', maxLength: 40 });
    await fc.assert(fc.asyncProperty(scopes, epochs, algorithms, text, check), { numRuns: 15 });
  });

  test('gets nothing once it has expired, to the millisecond', async () => {
    const check = async (scope: string, fromEpoch: number, late: number) => {
      const it = await granted(scope, fromEpoch, 'ed25519');
      expect(await it.held(it.alice)).not.toEqual([]);
      it.time.calendar = EXPIRES + late;
      const keys = await it.held(it.alice);
      expect(keys).toHaveLength(late < 0 ? EPOCHS.length - fromEpoch : 0);
      await it.vault.close();
    };
    await fc.assert(fc.asyncProperty(scopes, epochs, fc.integer({ min: -3, max: 3 }), check), { numRuns: 25 });
  });

  test('gets nothing once it is revoked, and what it holds does not open the epoch after', async () => {
    const check = async (scope: string, algorithm: Algorithm) => {
      const it = await granted(scope, 0, algorithm);
      const keys = await it.held(it.alice);
      const revoke = signed(it.alice, 'revoke', { grant: fromHex(it.grant.id) });
      await it.requests.once(revoke, async (effects) => {
        await effects.setEpochs({ epoch: LAST_EPOCH + 1, answered: [it.grant.id] });
        return {};
      });
      it.time.elapsed += FORGOTTEN_MS;
      expect(await it.held(it.alice)).toEqual([]);
      expectClosed(keys, [await it.write(it.alice, LAST_EPOCH + 1, 'later')], () => false);
      await it.vault.close();
    };
    await fc.assert(fc.asyncProperty(scopes, algorithms, check), { numRuns: 10 });
  });

  test('gets nothing after an erasure, nor of what a re-opened wallet writes', async () => {
    const check = async (scope: string, algorithm: Algorithm) => {
      const it = await granted(scope, 0, algorithm);
      const keys = await it.held(it.alice);
      await it.requests.once(signed(it.alice, 'erase', {}), async (effects) => ({ versions: await effects.erase() }));
      it.time.elapsed += FORGOTTEN_MS;
      expect(await it.vault.roots([{ ...it.alice, rootVersion: 1 }])).toEqual([null]);
      expect(await it.held(it.alice)).toEqual([]);
      const reopen = signed(it.alice, 'reopen', {});
      await it.requests.once(reopen, async (effects) => effects.newServiceRoot(LAST_EPOCH).then(() => ({})));
      it.time.elapsed += FORGOTTEN_MS;
      expect((await it.vault.transit([it.alice]))[0]?.rootVersion).toBe(2);
      for (const rootVersion of [1, 2]) expect(await it.held(it.alice, { rootVersion })).toEqual([]);
      const later = await Promise.all(EPOCHS.map((epoch) => it.write(it.alice, epoch, 'later', 2)));
      expectClosed(keys, later, () => false);
      await it.vault.close();
    };
    await fc.assert(fc.asyncProperty(scopes, algorithms, check), { numRuns: 10 });
  });
});
