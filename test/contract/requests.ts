import { randomBytes } from 'node:crypto';
import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  type Content,
  fromHex,
  type KeyPair,
  type KindName,
  keyPairFromSeed,
  LAST_EPOCH,
  ready,
  rekey,
  signRequest,
  toHex,
  type VerifiedRequest,
  verifyRequest,
} from '../../protocol/index.ts';
import type { Clusters } from '../../services/pipeline/ports/clusters.ts';
import type { Consents, LoggedAccess } from '../../services/pipeline/ports/consents.ts';
import type { RemovalHistory, Removals, RemoveOnItsWay } from '../../services/pipeline/ports/removals.ts';
import {
  RequestClash,
  type RequestEffects,
  RequestForgotten,
  type RequestPlace,
  type Requests,
} from '../../services/pipeline/ports/requests.ts';
import type { TokenRevocations } from '../../services/pipeline/ports/token-revocations.ts';
import type { Owner, Vault } from '../../services/pipeline/ports/vault.ts';
import type { Selector } from '../../services/pipeline/rules/removal.ts';

export interface RequestsUnderTest {
  readonly revocations: TokenRevocations;
  readonly history: RemovalHistory;
  readonly requests: Requests;
  readonly consents: Consents;
  readonly removals: Removals;
  readonly clusters: Pick<Clusters, 'of'>;
  /** A vault over the same rows whose caches are empty. */
  vault(): Vault;
}

const HOUR = 3_600_000;
const bytes = (length: number) => new Uint8Array(randomBytes(length));

/** What accepted requests, consent and erasures promise together. */
export function requestsContract(name: string, open: () => Promise<RequestsUnderTest>): void {
  describe(`requests contract: ${name}`, () => {
    let it: RequestsUnderTest;
    let wallet: KeyPair;
    let owner: Owner;
    beforeAll(() => ready());
    beforeEach(async () => {
      it = await open();
      wallet = keyPairFromSeed('ed25519', bytes(32));
      owner = { app: bytes(32), wallet: wallet.publicKey };
    });

    const signed = <K extends KindName>(kind: K, content: Content<K>, id = toHex(bytes(16)), issuedAt = Date.now()) =>
      verifyRequest(
        signRequest(
          {
            kind,
            network: 'cere-sandbox',
            app: kind === 'recipient' || kind === 'associate' ? '00'.repeat(32) : toHex(owner.app),
            wallet: toHex(wallet.publicKey),
            id,
            issuedAt,
            signer: 'wallet',
            algorithm: 'ed25519',
            wrap: 'none',
            content,
          },
          wallet,
        ),
        { network: 'cere-sandbox', kind },
      );
    const policy = (scopes: string[], id?: string) =>
      signed('policy', { scopes, recipients: 'app', expiresAt: Date.now() + HOUR }, id);
    const grant = (expiresAt = Date.now() + HOUR) =>
      signed('grant', { grantor: owner.wallet, scope: 'purchase', fromEpoch: 0, recipient: bytes(32), expiresAt });
    const once = (request: VerifiedRequest, effect: (effects: RequestEffects) => Promise<object> = async () => ({})) =>
      it.requests.once(request, async (effects) => ({ ...(await effect(effects)) }));

    test('one request counts once, however often and however much at once it comes', async () => {
      const request = policy(['purchase']);
      let ran = 0;
      const effect = async () => ({ ran: ++ran });
      expect(await it.requests.find(request)).toBeNull();
      const answers = await Promise.all(Array.from({ length: 8 }, () => once(request, effect)));
      expect(answers).toEqual(new Array(8).fill({ ran: 1 }));
      expect(await it.requests.find(request)).toEqual({ ran: 1 });
      const other = policy(['profile'], request.id);
      await expect(once(other, effect)).rejects.toThrow(RequestClash);
      await expect(it.requests.find(other)).rejects.toThrow(RequestClash);
    });

    test('an effect that fails leaves nothing behind, and the request may come again', async () => {
      await it.vault().transit([owner]);
      const request = policy(['purchase']);
      const fails = once(request, async (effects) => {
        await effects.setEpochs({ epoch: 7, answered: [] });
        await effects.erase();
        throw new Error('lost');
      });
      await expect(fails).rejects.toThrow('lost');
      expect(await it.requests.find(request)).toBeNull();
      expect(await it.removals.open('erase', 10)).toEqual([]);
      const [state] = await it.consents.of([owner]);
      expect(state).toEqual({ consent: { grants: [], policies: [], revocations: [] }, epoch: 0 });
      expect(await once(request)).toEqual({});
    });

    test('a disowned token is on the list until it is over, for the longer of two times, and not when its request fails', async () => {
      const [one, two] = [bytes(16), bytes(16)];
      const disown = (token: Uint8Array, until: number, lost = false) =>
        once(signed('disown', { token }), async (effects) => {
          told.push((await effects.disown({ author: owner.wallet, token, until })).ofAuthor);
          if (lost) throw new Error('lost');
          return {};
        });
      const since = async (mark: number) => {
        const mine = new Map<string, number>();
        const next = await it.revocations.since(mark, (page) => {
          for (const { author, token, until } of page)
            if (toHex(author) === toHex(owner.wallet)) mine.set(toHex(token), until);
        });
        return { next, mine: [...mine].sort() };
      };
      const told: number[] = [];
      await disown(one, 2_000);
      const { next } = await since(0);
      await disown(one, 1_000);
      await disown(two, 1_500);
      await expect(disown(bytes(16), 9_000, true)).rejects.toThrow('lost');
      const [first, second] = [
        [toHex(one), 2_000],
        [toHex(two), 1_500],
      ];
      expect(told).toEqual([1, 1, 2, 3]);
      // The second time, the first came again.
      expect((await since(next)).mine).toEqual([first, second].sort());
      expect((await since(0)).mine).toEqual([first, second].sort());
      expect(await it.revocations.prune(1_500)).toBe(1);
      expect((await since(0)).mine).toEqual([first]);
      expect(await it.revocations.prune(2_000)).toBe(1);
      expect((await since(0)).mine).toEqual([]);
    });

    test('consent is what the owner has signed, with its hashes, in order for many owners', async () => {
      const request = policy(['purchase']);
      await once(request);
      const revoked = grant();
      await once(revoked);
      await once(signed('revoke', { grant: fromHex(revoked.id, 16) }));
      const stranger = { app: bytes(32), wallet: owner.wallet };
      const [none, own] = await it.consents.of([stranger, owner]);
      expect(none?.consent.policies).toEqual([]);
      expect(own?.consent.policies).toEqual([request]);
      expect(own?.consent.grants).toEqual([revoked]);
      expect(own?.consent.revocations).toHaveLength(1);
      const list = await it.requests.list(owner, { limit: 100 });
      expect(list.map((one) => [one.request.kind, one.revoked]).sort()).toEqual([
        ['grant', true],
        ['policy', false],
      ]);
    });

    test('what has ended for good is not looked at again, but is known, and an earlier policy does not come back', async () => {
      await it.vault().transit([owner]);
      const hex = { app: toHex(owner.app), wallet: toHex(owner.wallet) };
      const answering = async (effects: RequestEffects) => {
        const epochs = rekey(await effects.consent(), hex, await effects.epochs(), Date.now());
        await effects.setEpochs(epochs);
        return { epoch: epochs.epoch };
      };
      const allow = (issuedAt: number) =>
        signed(
          'policy',
          { scopes: ['purchase'], recipients: 'app', expiresAt: Date.now() + HOUR },
          undefined,
          issuedAt,
        );
      const now = Date.now();
      const [first, second] = [allow(now), allow(now + 1)];
      expect(await once(first, answering)).toEqual({ epoch: 0 });
      expect(await once(second, answering)).toEqual({ epoch: 1 });
      const ids = async () => {
        const [state] = await it.consents.of([owner]);
        const { policies = [], revocations = [] } = state?.consent ?? {};
        return [policies.map((one) => one.id), revocations.length];
      };
      expect(await ids()).toEqual([[second.id], 0]);
      expect(await once(signed('revoke', { grant: fromHex(second.id, 16) }), answering)).toEqual({ epoch: 2 });
      expect(await ids()).toEqual([[], 0]);
      const list = await it.requests.list(owner, { limit: 100 });
      expect(list.map(({ request, revoked, replaced }) => [request.id, revoked, replaced])).toEqual([
        [second.id, true, false],
        [first.id, false, true],
      ]);
      const asked = await once(allow(now - 1), async (effects) => ({
        newest: await effects.newestPolicy(),
        knows: await effects.knows(fromHex(second.id, 16)),
        never: await effects.knows(new Uint8Array(16)),
      }));
      expect(asked).toEqual({ newest: second.id, knows: true, never: false });
    });

    test('grants and policies come by pages: newest first, each once, also what is of one moment, whatever is signed meanwhile', async () => {
      const now = Date.now();
      const content = { grantor: owner.wallet, scope: 'purchase', fromEpoch: 0, recipient: bytes(32) };
      const granted = (issuedAt: number) => signed('grant', { ...content, expiresAt: now + HOUR }, undefined, issuedAt);
      // Many of one moment, so that pages end between equals.
      const all = [granted(now - 9), ...Array.from({ length: 6 }, () => granted(now - 5)), granted(now - 1)];
      for (const one of all) await once(one);
      const ended = all[3] as (typeof all)[number];
      await once(signed('revoke', { grant: fromHex(ended.id, 16) }));
      // Of another wallet, by the same id: it ends nothing here.
      const mine = { wallet, owner };
      wallet = keyPairFromSeed('ed25519', bytes(32));
      await once(signed('revoke', { grant: fromHex((all[0] as typeof ended).id, 16) }));
      ({ wallet, owner } = mine);
      const seen: [string, boolean][] = [];
      let after: { after?: RequestPlace } = {};
      for (let full = true; full; ) {
        const page = await it.requests.list(owner, { ...after, limit: 3 });
        seen.push(...page.map(({ request, revoked }): [string, boolean] => [request.id, revoked]));
        await once(granted(now + seen.length));
        full = page.length === 3;
        const last = page.at(-1)?.request;
        if (last) after = { after: last };
      }
      const expected = [...all].sort((a, b) => b.issuedAt - a.issuedAt || (a.id < b.id ? 1 : -1));
      expect(seen).toEqual(expected.map(({ id }) => [id, id === ended.id]));
    });

    test('who has said something about readers is found by app, each once', async () => {
      const app = owner.app;
      const wallets = Array.from({ length: 3 }, () => keyPairFromSeed('ed25519', bytes(32)));
      for (const one of wallets) {
        wallet = one;
        owner = { app, wallet: one.publicKey };
        await once(policy(['purchase']));
        await once(grant());
        owner = { app: bytes(32), wallet: one.publicKey };
        await once(grant());
      }
      const sorted = wallets.map(({ publicKey }) => toHex(publicKey)).sort();
      expect((await it.consents.owners(app, 9)).map((one) => toHex(one.wallet))).toEqual(sorted);
      expect(await it.consents.owners(app, 2)).toHaveLength(2);
      expect(await it.consents.owners(bytes(32), 9)).toEqual([]);
    });

    test('certificates are found by wallet and by key', async () => {
      const x25519 = bytes(32);
      const request = signed('recipient', { x25519, expiresAt: Date.now() + HOUR });
      await once(request);
      expect(await it.consents.certificates(owner.wallet)).toEqual([request]);
      expect(await it.consents.certified(x25519, Date.now())).toBe(true);
      expect(await it.consents.certified(x25519, Date.now() + 2 * HOUR)).toBe(false);
      expect(await it.consents.certified(bytes(32), Date.now())).toBe(false);
    });

    test('a key belongs to the wallet that registers it first, also after its certificate has ended', async () => {
      const x25519 = bytes(32);
      const register = async (expiresAt: number) => {
        const request = signed('recipient', { x25519, expiresAt }, undefined, Date.now() - HOUR);
        return once(request, async (effects) => ({ another: await effects.keyOfAnother(x25519) }));
      };
      expect(await register(Date.now() - 1)).toEqual({ another: false });
      expect(await register(Date.now() + HOUR)).toEqual({ another: false });
      wallet = keyPairFromSeed('ed25519', bytes(32));
      expect(await register(Date.now() + HOUR)).toEqual({ another: true });
    });

    test('of wallets that register one key at the same moment one is first', async () => {
      const x25519 = bytes(32);
      const tries = Array.from({ length: 6 }, () => {
        wallet = keyPairFromSeed('ed25519', bytes(32));
        return once(signed('recipient', { x25519, expiresAt: Date.now() + HOUR }), async (effects) => {
          if (await effects.keyOfAnother(x25519)) throw new Error('taken');
          return {};
        });
      });
      const done = (await Promise.allSettled(tries)).map((one) => one.status).sort();
      expect(done).toEqual(['fulfilled', ...new Array(5).fill('rejected')]);
    });

    test('the end of a grant begins one epoch, for all roots of the owner', async () => {
      await it.vault().transit([owner]);
      await once(grant(Date.now() + 1_000));
      const later = Date.now() + HOUR;
      expect(await it.consents.answerExpired(Date.now(), 10)).toBe(0);
      expect(await it.consents.answerExpired(later, 10)).toBe(1);
      expect(await it.consents.answerExpired(later, 10)).toBe(0);
      const [root] = await it.vault().roots([{ ...owner, rootVersion: 1 }]);
      expect(root?.epoch).toBe(1);
    });

    test('an end before there is any root begins the epoch of the first one; where nothing has ended that is 0', async () => {
      await once(grant(Date.now() + 1_000));
      expect(await it.consents.answerExpired(Date.now() + HOUR, 10)).toBe(1);
      const none = { ...owner, app: bytes(32) };
      await it.vault().transit([owner, none]);
      const roots = await it.vault().roots([owner, none].map((one) => ({ ...one, rootVersion: 1 })));
      expect(roots.map((root) => root?.epoch)).toEqual([1, 0]);
      const [state] = await it.consents.of([owner]);
      expect(state?.epoch).toBe(1);
    });

    test('an owner who is at the last epoch stays there when a grant ends, and holds up nobody', async () => {
      await it.vault().transit([owner]);
      const subject = bytes(32);
      const move = signed('move', { mode: 'client', subject, epoch: LAST_EPOCH });
      await once(move, async (effects) => ({ version: await effects.newClientRoot(subject, LAST_EPOCH) }));
      await once(grant(Date.now() + 1_000));
      const later = Date.now() + HOUR;
      expect(await it.consents.answerExpired(later, 10)).toBe(1);
      expect(await it.consents.answerExpired(later, 10)).toBe(0);
      const [state] = await it.consents.of([owner]);
      expect(state?.epoch).toBe(LAST_EPOCH);
    });

    test('gifts are written down once per reader, scope, epoch and reason', async () => {
      const access = { ...owner, reader: 'export:a', scope: 'purchase', rootVersion: 1, epoch: 0, by: 'ab'.repeat(16) };
      await it.consents.record([access, { ...access, scope: 'profile' }], 1_000);
      await it.consents.record([access], 3_000);
      expect(await it.consents.accesses(owner, { limit: 10 })).toEqual([
        { ...access, scope: 'profile', first: 1_000, last: 1_000, times: 1 },
        { ...access, first: 1_000, last: 3_000, times: 2 },
      ]);
    });

    test('the access log comes by pages: each entry once, also when keys are given again or anew between them', async () => {
      const given = (scope: string, reader = 'export:a') => ({
        ...owner,
        reader,
        scope,
        rootVersion: 1,
        epoch: 0,
        by: 'ab'.repeat(16),
      });
      // Many of one moment, so that pages end between equals.
      const scopes = Array.from({ length: 7 }, (_, i) => `s${i}`);
      await it.consents.record(
        scopes.map((scope) => given(scope)),
        1_000,
      );
      await it.consents.record([given('older', 'wallet:b')], 900);
      const seen: string[] = [];
      let page = await it.consents.accesses(owner, { limit: 3 });
      while (page.length > 0) {
        seen.push(...page.map((one) => one.scope));
        await it.consents.record([given('s6'), given('older', 'wallet:b'), given(`new${seen.length}`)], 2_000);
        page = await it.consents.accesses(owner, { limit: 3, after: page.at(-1) as LoggedAccess });
      }
      expect(seen).toEqual([...scopes, 'older']);
      expect((await it.consents.accesses(owner, { limit: 1 }))[0]?.first).toBe(2_000);
    });

    test('ends of many owners are answered together, up to the limit', async () => {
      for (let i = 0; i < 5; i++) {
        wallet = keyPairFromSeed('ed25519', bytes(32));
        owner = { ...owner, wallet: wallet.publicKey };
        if (i < 4) await it.vault().transit([owner]);
        await once(grant(Date.now() + 1_000));
      }
      const later = Date.now() + HOUR;
      expect(await it.consents.answerExpired(later, 3)).toBe(3);
      expect(await it.consents.answerExpired(later, 3)).toBe(2);
      expect(await it.consents.answerExpired(later, 3)).toBe(0);
    });

    test('moves make new root versions; a prepared one counts from its activation on', async () => {
      await it.vault().transit([owner]);
      const subject = bytes(32);
      const client = await once(signed('move', { mode: 'client', subject, epoch: 2 }), async (effects) => ({
        version: await effects.newClientRoot(subject, 2),
        taken: await effects.subjectTaken(subject),
      }));
      expect(client).toEqual({ version: 2, taken: true });
      expect((await it.vault().transit([owner]))[0]).toMatchObject({ rootVersion: 2, mode: 'client', subject });
      const prepared = await it.vault().prepare(owner);
      const back = signed('move', { mode: 'service', subject: prepared.subject, epoch: 3 });
      await once(back, async (effects) => {
        expect(await effects.root()).toEqual({ rootVersion: 2, mode: 'client', epoch: 2, erased: false });
        expect(await effects.activate(9, 3)).toBe(false);
        expect(await effects.activate(prepared.rootVersion, 3)).toBe(true);
        expect(await effects.activate(prepared.rootVersion, 3)).toBe(false);
        return {};
      });
      expect((await it.vault().transit([owner]))[0]).toMatchObject({ rootVersion: 3, mode: 'service' });
    });

    test('a root that waits for a move goes when another becomes the newest', async () => {
      await it.vault().transit([owner]);
      const waiting = await it.vault().prepare(owner);
      expect(await once(signed('erase', {}), async (effects) => ({ versions: await effects.erase() }))).toEqual({
        versions: [1],
      });
      await once(signed('reopen', {}), async (effects) => effects.newServiceRoot(0));
      const next = await it.vault().prepare(owner);
      expect(toHex(next.subject)).not.toBe(toHex(waiting.subject));
      const subject = bytes(32);
      await once(signed('move', { mode: 'client', subject, epoch: 0 }), async (effects) => {
        const version = await effects.newClientRoot(subject, 0);
        return { version, old: await effects.activate(next.rootVersion, 0) };
      });
      const [newest] = await it.vault().transit([owner]);
      expect(newest).toMatchObject({ mode: 'client', subject });
      expect((await it.vault().prepare(owner)).rootVersion).toBe((newest?.rootVersion ?? 0) + 1);
    });

    test('open erasures come by pages, those that wait included', async () => {
      const wallets = Array.from({ length: 5 }, () => keyPairFromSeed('ed25519', bytes(32)));
      for (wallet of wallets) {
        owner = { ...owner, wallet: wallet.publicKey };
        await it.vault().transit([owner]);
        await once(signed('erase', {}), async (effects) => ({ versions: await effects.erase() }));
      }
      const first = await it.removals.open('erase', 3);
      const rest = await it.removals.open('erase', 3, first.at(-1));
      expect([first.length, rest.length]).toEqual([3, 2]);
      const found = new Set([...first, ...rest].map((one) => toHex(one.wallet)));
      expect(found).toEqual(new Set(wallets.map((one) => toHex(one.publicKey))));
      expect(await it.removals.open('erase', 3, rest.at(-1))).toEqual([]);
    });

    const erasure = (rootVersions: number[], fence = 40) => ({
      ...owner,
      id: bytes(16),
      issuedAt: Date.now(),
      fence,
      rootVersions,
    });

    test('an erasure that only the log of removals knows is put back, with its fence; the owner is refused and consent forgotten', async () => {
      await it.vault().transit([owner]);
      await once(policy(['purchase']));
      await it.vault().prepare(owner);
      const known = erasure([1, 2]);
      expect(await it.history.next()).toBe(0);
      expect(await it.history.take([known, { ...known, fence: 99 }], 2, 5_000)).toEqual({ removals: 1, roots: 2 });
      expect(await it.history.next()).toBe(2);
      const versions = [1, 2].map((rootVersion) => ({ ...owner, rootVersion }));
      expect(await it.vault().roots(versions)).toEqual([null, null]);
      expect(await it.vault().transit([owner])).toEqual([null]);
      expect(await it.requests.list(owner, { limit: 100 })).toEqual([]);
      const [removal] = await it.removals.open('erase', 10);
      expect(removal).toMatchObject({ id: known.id, state: 'sent', fence: 40, rootVersions: [1, 2], receipts: 0 });
      const reopened = await once(signed('reopen', {}), async (effects) => effects.newServiceRoot(0));
      expect(reopened).toMatchObject({ rootVersion: 3 });
      await once(policy(['profile']));
      expect(await it.history.take([known], 1, 6_000)).toEqual({ removals: 0, roots: 0 });
      expect(await it.history.next()).toBe(2);
      expect((await it.vault().transit([owner]))[0]?.rootVersion).toBe(3);
      expect(await it.requests.list(owner, { limit: 100 })).toHaveLength(1);
    });

    test('an owner of whom nothing is left is refused all the same, and an erasure from before its record goes on from there', async () => {
      expect(await it.history.take([erasure([1])], 1, 0)).toEqual({ removals: 1, roots: 1 });
      expect(await it.vault().transit([owner])).toEqual([null]);
      owner = { ...owner, app: bytes(32) };
      await it.vault().transit([owner]);
      const request = signed('erase', {});
      await once(request, async (effects) => ({ versions: await effects.erase() }));
      const sent = { ...erasure([1], 41), id: fromHex(request.id, 16) };
      // Re-opened while the record is on its way: what is allowed now is newer than the erasure.
      await once(signed('reopen', {}), async (effects) => effects.newServiceRoot(0));
      await once(policy(['profile']));
      expect(await it.history.take([sent], 2, 0)).toEqual({ removals: 1, roots: 0 });
      const found = await it.removals.find(sent);
      expect(found?.removal).toMatchObject({ state: 'sent', fence: 41 });
      expect(await it.removals.fence(sent, 50)).toBe(false);
      expect(await it.requests.list(owner, { limit: 100 })).toHaveLength(1);
    });

    test('a wallet chooses its cluster until it has keys, and with it the request is kept', async () => {
      const go = (cluster: string) =>
        once(signed('associate', { cluster }), async (effects) => ({ done: await effects.associate(cluster) }));
      expect(await go('berlin')).toEqual({ done: true });
      expect(await it.clusters.of([owner.wallet])).toEqual(['berlin']);
      await it.vault().transit([owner]);
      expect([await go('berlin'), await go('tokyo'), await go('cere-mainnet')]).toEqual([
        { done: true },
        { done: false },
        { done: false },
      ]);
      expect(await it.clusters.of([owner.wallet])).toEqual(['berlin']);
      await once(signed('erase', {}), async (effects) => ({ rootVersions: await effects.erase() }));
      expect(await go('tokyo')).toEqual({ done: true });
      const thrown = once(signed('associate', { cluster: 'oslo' }), async (effects) => {
        await effects.associate('oslo');
        throw new Error('and then it broke');
      });
      await expect(thrown).rejects.toThrow('and then it broke');
      expect(await it.clusters.of([owner.wallet])).toEqual(['tokyo']);
    });

    test('a removal of single events goes from step to step once, without a fence, and is listed', async () => {
      await it.vault().transit([owner]);
      const events = ['01900000-0000-7000-8000-000000000001', '01900000-0000-7000-8000-000000000002'];
      const now = Date.now();
      const removing = async (selector: Selector, issuedAt: number) => {
        const request = signed('remove', { session: 'kept by nobody' }, undefined, issuedAt);
        await once(request, (effects) => effects.remove(selector));
        return request;
      };
      const request = await removing({ events }, now);
      const later = await removing({ session: 'ab'.repeat(32) }, now + 2);
      const last = await removing({ from: 5, to: 9 }, now + 2);
      await once(signed('erase', {}, undefined, now + 1), async (effects) => ({ versions: await effects.erase() }));
      const named = { ...owner, id: fromHex(request.id, 16) };
      const found = async () => (await it.removals.find(named))?.removal as RemoveOnItsWay;
      expect(await found()).toMatchObject({ kind: 'remove', state: 'committed', selector: { events }, receipts: 0 });
      expect(await it.removals.open('remove', 10)).toHaveLength(3);
      expect(await it.removals.open('erase', 10)).toHaveLength(1);
      expect(await it.removals.fence(named, 40)).toBe(false);
      expect(await it.removals.sent(named, 99)).toBe(true);
      expect(await it.removals.sent(named, 100)).toBe(false);
      expect(await found()).toMatchObject({ state: 'sent', sentAt: 99 });
      const progress = await it.removals.progress(await found(), 0);
      expect(toHex(progress.requestHash)).toBe(request.hash);
      const receipt = { payload: 'p', key: 'k', signature: 's' };
      expect(await it.removals.complete(await found(), receipt, [])).toBe(true);
      expect(await it.removals.open('remove', 10)).toHaveLength(2);

      const list = async (page: Parameters<Removals['list']>[1]) =>
        (await it.removals.list(owner, page)).map(({ id, selects, state }) => [toHex(id), selects, state]);
      const [first, second] = [later.id, last.id].sort().reverse();
      const of = { [later.id]: { session: true }, [last.id]: { from: 5, to: 9 } };
      const all = await list({ limit: 10 });
      expect(all).toEqual([
        [first, of[first as string], 'committed'],
        [second, of[second as string], 'committed'],
        [expect.any(String), null, 'committed'],
        [request.id, { events: 2 }, 'done'],
      ]);
      const after = { id: fromHex(first as string, 16), issuedAt: now + 2 };
      expect(await list({ after, limit: 2 })).toEqual(all.slice(1, 3));
      expect(await it.removals.list({ ...owner, app: bytes(32) }, { limit: 10 })).toEqual([]);
    });

    test('what is kept of removals by name is counted once each, and so are those that are not done', async () => {
      await it.vault().transit([owner]);
      const removing = async (selector: Selector) => {
        const request = signed('remove', { session: 's' });
        const kept = await it.requests.once(request, async (effects) => ({ ...(await effects.remove(selector)) }));
        return { kept, id: fromHex(request.id, 16) };
      };
      const events = [1, 2].map((n) => `01900000-0000-7000-8000-00000000000${n}`);
      const { kept, id } = await removing({ events });
      expect(kept).toEqual({ ranges: 0, names: 2, open: 1 });
      expect((await removing({ events: events.slice(1) })).kept).toEqual({ ranges: 0, names: 2, open: 2 });
      const { removal } = (await it.removals.find({ ...owner, id })) ?? {};
      if (!removal) throw new Error('no removal');
      await it.removals.complete(removal, { payload: 'p', key: 'k', signature: 's' }, []);
      expect((await removing({ session: 'ef'.repeat(32) })).kept).toEqual({ ranges: 0, names: 3, open: 2 });
      expect((await removing({ from: 1, to: 2 })).kept).toEqual({ ranges: 1, names: 3, open: 3 });
    });

    test('a removal that only the log knows is put back once, and done anew', async () => {
      await it.vault().transit([owner]);
      const selector = { session: 'cd'.repeat(32) };
      const known = { ...owner, id: bytes(16), issuedAt: Date.now(), selector };
      expect(await it.history.takeRemoves([known], 5_000)).toBe(1);
      expect(await it.history.takeRemoves([known], 6_000)).toBe(0);
      const [removal] = await it.removals.open('remove', 10);
      expect(removal).toMatchObject({ kind: 'remove', id: known.id, state: 'sent', selector, receipts: 0 });
      expect(await it.vault().transit([owner])).toMatchObject([{ rootVersion: 1 }]);
    });

    test('an erasure overwrites every root, forgets consent, and goes from step to step once', async () => {
      await it.vault().transit([owner]);
      await once(policy(['purchase']));
      const keys = signed('keys', { scopes: ['purchase'], recipient: bytes(32) });
      await once(keys, async () => ({ keys: ['sealed'] }));
      const request = signed('erase', {});
      const answer = await once(request, async (effects) => ({ versions: await effects.erase() }));
      expect(answer).toEqual({ versions: [1] });
      expect(await it.vault().roots([{ ...owner, rootVersion: 1 }])).toEqual([null]);
      expect(await it.requests.list(owner, { limit: 100 })).toEqual([]);
      await expect(it.requests.find(keys)).rejects.toThrow(RequestForgotten);
      await expect(once(keys)).rejects.toThrow(RequestForgotten);
      expect(await it.requests.find(request)).toEqual(answer);
      const named = { ...owner, id: fromHex(request.id, 16) };
      const [removal] = await it.removals.open('erase', 10);
      expect(removal).toMatchObject({ ...named, state: 'committed', fence: null, rootVersions: [1], receipts: 0 });
      expect(await it.removals.sent(named, 1)).toBe(false);
      expect(await it.removals.fence(named, 40)).toBe(true);
      expect(await it.removals.fence(named, 50)).toBe(false);
      expect(await it.removals.sent(named, 99)).toBe(true);
      const found = await it.removals.find(named);
      if (!found) throw new Error('no removal');
      expect(found.removal).toMatchObject({ state: 'sent', fence: 40, sentAt: 99 });
      const progress = await it.removals.progress(found.removal, 0);
      expect(toHex(progress.requestHash)).toBe(request.hash);
      const receipt = { payload: 'p', key: 'k', signature: 's' };
      expect(await it.removals.complete(found.removal, receipt, ['slow'])).toBe(true);
      expect(await it.removals.complete(found.removal, receipt, [])).toBe(false);
      const [waiting] = await it.removals.open('erase', 10);
      expect(waiting).toMatchObject({ state: 'done', pending: ['slow'], receipts: 1 });
      if (waiting) expect(await it.removals.complete(waiting, receipt, [])).toBe(true);
      expect(await it.removals.open('erase', 10)).toEqual([]);
      expect((await it.removals.find(named))?.receipts).toEqual([receipt, receipt]);
      const reopened = await once(signed('reopen', {}), async (effects) => {
        expect(await effects.lastErasure()).toMatchObject({ id: named.id, fence: 40 });
        return { version: (await effects.newServiceRoot(0)).rootVersion };
      });
      expect(reopened).toEqual({ version: 2 });
      expect((await it.vault().transit([owner]))[0]?.rootVersion).toBe(2);
    });
  });
}
