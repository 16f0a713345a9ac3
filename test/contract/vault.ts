import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { parseKeks } from '../../connectors/kms/kek-list.ts';
import type { VaultOptions } from '../../connectors/vault/vault.ts';
import {
  keyPairFromSeed,
  META_SCOPE,
  ready,
  scopeKey,
  subjectOf,
  toHex,
  transitKeyPair,
} from '../../protocol/index.ts';
import type { Consents } from '../../services/pipeline/ports/consents.ts';
import type { Requests } from '../../services/pipeline/ports/requests.ts';
import type { Owner, Reader, Vault } from '../../services/pipeline/ports/vault.ts';
import { allowExport } from '../support/allow-export.ts';

export type TestVaultOptions = Omit<VaultOptions, 'consents'>;

/** A vault under test, with the hands that a test needs and rooms do not have. */
export interface VaultUnderTest {
  readonly vault: Vault;
  readonly requests: Requests;
  readonly consents: Consents;
  erase(owner: Owner): Promise<void>;
  toClient(owner: Owner, subject: Uint8Array): Promise<void>;
  /** Another process' vault over the same rows. */
  another(): Vault;
  /** Calls of the store so far, of `vault` alone. */
  loads(): number;
}

const KEKS = `1 ${'11'.repeat(32)}\n2 ${'22'.repeat(32)}\n`;

/** What every vault promises. `open` gets options that name a clock the tests move by hand. */
export function vaultContract(name: string, open: (options: TestVaultOptions) => Promise<VaultUnderTest>): void {
  describe(`vault contract: ${name}`, () => {
    let now = 1_000_000;
    const options = (): TestVaultOptions => ({
      keks: parseKeks(KEKS),
      random: { bytes: (length) => new Uint8Array(randomBytes(length)) },
      clock: { now: () => now },
      calendar: { now: () => Date.now() },
    });
    const owner = (): Owner => ({ app: new Uint8Array(randomBytes(32)), wallet: new Uint8Array(randomBytes(32)) });
    const signing = () => keyPairFromSeed('ed25519', new Uint8Array(randomBytes(32)));
    const readerOf = (app: Uint8Array, name = 'sales'): Reader => ({
      name: `export:${name}`,
      asker: { exportOf: toHex(app) },
    });
    beforeAll(() => ready());

    test('the first question makes a root, every later one finds it', async () => {
      const { vault, another } = await open(options());
      const who = owner();
      const [first] = await vault.transit([who]);
      const [second] = await another().transit([who]);
      expect(first?.rootVersion).toBe(1);
      expect(toHex(second?.publicKey as Uint8Array)).toBe(toHex(first?.publicKey as Uint8Array));
    });

    test('the root opens what its transit key seals, and names its subject', async () => {
      const { vault } = await open(options());
      const who = owner();
      const [transit] = await vault.transit([who]);
      const [root] = await vault.roots([{ ...who, rootVersion: 1 }]);
      if (!root || !transit) throw new Error('no root');
      expect(toHex(transitKeyPair(root.userRoot).publicKey)).toBe(toHex(transit.publicKey));
      expect(toHex(root.subject)).toBe(toHex(subjectOf(root.userRoot)));
      expect([root.epoch, root.mode]).toEqual([0, 'service']);
    });

    test('answers many owners in order and in one load, new and known ones mixed', async () => {
      const { vault, another, loads } = await open(options());
      const owners = Array.from({ length: 40 }, owner);
      const known = await another().transit(owners.slice(10, 20));
      const before = loads();
      const all = await vault.transit(owners);
      expect(loads() - before).toBe(1);
      expect(all.slice(10, 20)).toEqual(known);
      expect(new Set(all.map((one) => toHex(one?.publicKey as Uint8Array))).size).toBe(40);
    });

    test('two processes that create the same owners agree', async () => {
      const { vault, another } = await open(options());
      const owners = Array.from({ length: 50 }, owner);
      const [mine, theirs] = await Promise.all([vault.transit(owners), another().transit([...owners].reverse())]);
      expect(mine).toEqual([...theirs].reverse());
    });

    test('concurrent questions about one owner are one question', async () => {
      const { vault, loads } = await open(options());
      const who = owner();
      const before = loads();
      const answers = await Promise.all(Array.from({ length: 20 }, () => vault.transit([who])));
      expect(loads() - before).toBe(1);
      expect(new Set(answers.map(([one]) => toHex(one?.publicKey as Uint8Array))).size).toBe(1);
    });

    test('after an erasure every cache is empty within 5 s and nothing opens', async () => {
      const { vault, requests, another, erase } = await open(options());
      const wallet = signing();
      const who = { app: owner().app, wallet: wallet.publicKey };
      const ref = { ...who, rootVersion: 1 };
      const ask = { ...ref, reader: readerOf(who.app), scope: 'purchase', epoch: 0 };
      await allowExport(requests, toHex(who.app), wallet, 'ed25519', ['purchase']);
      await vault.transit([who]);
      await vault.roots([ref]);
      expect(await vault.scopeKeys([ask])).not.toEqual([null]);
      await erase(who);
      now += 5_001;
      for (const each of [vault, another()]) {
        expect(await each.roots([ref])).toEqual([null]);
        expect(await each.transit([who])).toEqual([null]);
        expect(await each.scopeKeys([ask])).toEqual([null]);
      }
    });

    test('a root that never was is told from one that was overwritten', async () => {
      const { vault, erase } = await open(options());
      const [who, gone] = [owner(), owner()];
      await vault.transit([who, gone]);
      await erase(gone);
      const found = await vault.roots([
        { ...owner(), rootVersion: 1 },
        { ...who, rootVersion: 1 },
        { ...who, rootVersion: 2 },
        { ...gone, rootVersion: 1 },
      ]);
      expect(found.map((root) => root && 'opens')).toEqual([undefined, 'opens', undefined, null]);
    });

    test('an export gets the keys that the wallet allowed its app, in order, with meta, and no others', async () => {
      const { vault, requests } = await open(options());
      const wallet = signing();
      const who = { app: owner().app, wallet: wallet.publicKey };
      const ref = { ...who, rootVersion: 1 };
      await vault.transit([who]);
      const [root] = await vault.roots([ref]);
      await allowExport(requests, toHex(who.app), wallet, 'ed25519', ['purchase']);
      const reader = readerOf(who.app);
      const given = await vault.scopeKeys([
        { ...ref, reader, scope: 'profile', epoch: 0 },
        { ...ref, reader, scope: 'purchase', epoch: 0 },
        { ...ref, reader, scope: META_SCOPE, epoch: 0 },
        { ...ref, reader, scope: 'purchase', epoch: 1 },
        { ...ref, reader: readerOf(owner().app, 'other'), scope: 'purchase', epoch: 0 },
        { ...ref, reader: { name: 'export:all', asker: { exportOf: null } }, scope: 'purchase', epoch: 0 },
        { ...ref, rootVersion: 2, reader, scope: 'purchase', epoch: 0 },
      ]);
      const key = (scope: string) => toHex(scopeKey(root?.userRoot as Uint8Array, who.app, scope, 0));
      const keys = [null, key('purchase'), key(META_SCOPE), null, null, null, null];
      expect(given.map((one) => one && toHex(one.key))).toEqual(keys);
    });

    test('what is given is written down for the owner, once a minute', async () => {
      const { vault, requests, consents } = await open(options());
      const wallet = signing();
      const who = { app: owner().app, wallet: wallet.publicKey };
      await vault.transit([who]);
      await allowExport(requests, toHex(who.app), wallet, 'ed25519', ['purchase']);
      const ask = { ...who, rootVersion: 1, reader: readerOf(who.app), scope: 'purchase', epoch: 0 };
      await vault.scopeKeys([ask, ask, { ...ask, scope: 'profile' }]);
      await vault.scopeKeys([ask]);
      const seen = await consents.accesses(who, { limit: 10 });
      expect(seen.map(({ reader, scope, epoch, times }) => [reader, scope, epoch, times])).toEqual([
        ['export:sales', 'purchase', 0, 1],
      ]);
      expect(await consents.accesses(owner(), { limit: 10 })).toEqual([]);
    });

    test('keys and roots are copies: overwriting one harms nobody else', async () => {
      const { vault } = await open(options());
      const who = owner();
      await vault.transit([who]);
      const ref = { ...who, rootVersion: 1 };
      const [[first], [second]] = await Promise.all([vault.roots([ref]), vault.roots([ref])]);
      first?.userRoot.fill(0);
      const [third] = await vault.roots([ref]);
      expect(toHex(second?.userRoot as Uint8Array)).toBe(toHex(third?.userRoot as Uint8Array));
      expect(toHex(second?.userRoot as Uint8Array)).not.toBe('00'.repeat(32));
    });

    test('a root that was prepared before there was any does not stand in the way of the first', async () => {
      const { vault, another } = await open(options());
      const who = owner();
      const prepared = await vault.prepare(who);
      const [transit] = await vault.transit([who]);
      expect(transit?.rootVersion).not.toBe(prepared.rootVersion);
      expect((await another().transit([who]))[0]?.rootVersion).toBe(transit?.rootVersion);
    });

    test('a prepared root stays the same until a move, and counts for nothing', async () => {
      const { vault, another } = await open(options());
      const who = owner();
      await vault.transit([who]);
      const prepared = await vault.prepare(who);
      expect(prepared.rootVersion).toBe(2);
      expect(await another().prepare(who)).toEqual(prepared);
      now += 5_001;
      expect((await vault.transit([who]))[0]?.rootVersion).toBe(1);
    });

    test('in client mode the root opens the transit seal, names the subject that the client chose, and gives no scope key', async () => {
      const { vault, requests, toClient } = await open(options());
      const wallet = signing();
      const who = { app: owner().app, wallet: wallet.publicKey };
      const subject = new Uint8Array(randomBytes(32));
      const [transit] = await vault.transit([who]);
      await toClient(who, subject);
      now += 5_001;
      const ref = { ...who, rootVersion: 1 };
      const [root] = await vault.roots([ref]);
      expect(root?.mode).toBe('client');
      expect(toHex(root?.subject as Uint8Array)).toBe(toHex(subject));
      expect(toHex(transitKeyPair(root?.userRoot as Uint8Array).publicKey)).toBe(
        toHex(transit?.publicKey as Uint8Array),
      );
      const ask = { ...ref, reader: readerOf(who.app), scope: 'purchase', epoch: 0 };
      await allowExport(requests, toHex(who.app), wallet, 'ed25519', ['purchase']);
      expect(await vault.scopeKeys([ask])).toEqual([null]);
    });

    test('refuses more than 1,000 scope keys in one call', async () => {
      const { vault } = await open(options());
      const ask = { ...owner(), rootVersion: 1, reader: readerOf(owner().app), scope: 'purchase', epoch: 0 };
      await expect(vault.scopeKeys(new Array(1_001).fill(ask))).rejects.toMatchObject({ code: 'too_many_scope_keys' });
    });

    test('secrets do not print', async () => {
      const { vault, requests } = await open(options());
      const wallet = signing();
      const who = { app: owner().app, wallet: wallet.publicKey };
      await vault.transit([who]);
      await allowExport(requests, toHex(who.app), wallet, 'ed25519', ['purchase']);
      const ref = { ...who, rootVersion: 1 };
      const [root] = await vault.roots([ref]);
      const [given] = await vault.scopeKeys([{ ...ref, reader: readerOf(who.app), scope: 'purchase', epoch: 0 }]);
      for (const secret of [root?.userRoot as Uint8Array, given?.key as Uint8Array]) {
        const printed = `${inspect({ secret, root }, { depth: 9 })}${JSON.stringify({ secret, root })}${secret}${secret.subarray(0, 8)}`;
        expect(printed).toContain('[secret]');
        // Eight bytes in a row: two could stand in the subject beside it by chance.
        expect(printed).not.toContain([...secret.subarray(0, 8)].join(', '));
        expect(printed).not.toContain(toHex(secret).slice(0, 16));
      }
    });

    test('a root wrapped with a KEK that the file lost is named by its version', async () => {
      const who = owner();
      const { vault } = await open({ ...options(), keks: parseKeks(`7 ${'77'.repeat(32)}`) });
      await expect(vault.transit([who])).resolves.toHaveLength(1);
      const { vault: without } = await open({ ...options(), keks: parseKeks(KEKS) });
      await expect(parseKeks(KEKS).version(7)).rejects.toThrow(/KEK 7/);
      await expect(without.transit([owner()])).resolves.toHaveLength(1);
    });
  });
}
