import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  type Algorithm,
  blake2b256,
  type Consent,
  disclose,
  type Event,
  encryptionKeyPairFromSeed,
  fromHex,
  type KeyRequest,
  keyPairFromSeed,
  mayServe,
  open,
  openScopeKey,
  ready,
  rekey,
  scopeKey,
  seal,
  sealScopeKey,
  signBatch,
  signRequest,
  subjectOf,
  toHex,
  u32,
  utf8,
  type VerifiedRequest,
  verifyBatch,
  verifyDisclosure,
  verifyRequest,
} from './index.ts';

await ready();

const NETWORK = 'n';
const NOW = 1_770_000_000_000;
const EXPIRES = NOW + 1000;
const SCOPES = ['purchase', 'geo', '__default_scope'];
const LAST_EPOCH = 3;
const ZEROS = '00'.repeat(32);
const bytes = (label: string) => blake2b256(utf8(label));
const id = (label: string) => toHex(bytes(label)).slice(0, 32);
const APPS = [toHex(bytes('app 0')), toHex(bytes('app 1'))] as const;
const reader = { seed: bytes('reader') };
const readerPair = () => encryptionKeyPairFromSeed(reader.seed);

function user(n: number, algorithm: Algorithm) {
  const keyPair = keyPairFromSeed(algorithm, bytes(`user ${n}`));
  return { algorithm, keyPair, wallet: toHex(keyPair.publicKey) };
}
type User = ReturnType<typeof user>;

/** The service's root of a user in an app. */
const rootOf = ({ wallet }: User, app: string) => bytes(`root ${wallet} ${app}`);

const frame = ({ wallet, algorithm }: User, app: string, label: string) => ({
  network: NETWORK,
  app,
  wallet,
  id: id(label),
  issuedAt: NOW,
  signer: 'wallet' as const,
  algorithm,
  wrap: 'none' as const,
});

function grantOf(owner: User, app: string, scope: string, fromEpoch: number): VerifiedRequest<'grant'> {
  const content = {
    grantor: fromHex(owner.wallet),
    scope,
    fromEpoch,
    recipient: readerPair().publicKey,
    expiresAt: EXPIRES,
  };
  const signed = signRequest({ ...frame(owner, app, `grant ${scope}`), kind: 'grant', content }, owner.keyPair);
  return verifyRequest(JSON.parse(JSON.stringify(signed)), { network: NETWORK, kind: 'grant' });
}

function revokeOf(owner: User, app: string, grant: { id: string }): VerifiedRequest<'revoke'> {
  const content = { grant: fromHex(grant.id) };
  const signed = signRequest({ ...frame(owner, app, 'revoke'), kind: 'revoke', content }, owner.keyPair);
  return verifyRequest(signed, { network: NETWORK, kind: 'revoke' });
}

function policyOf(owner: User, app: string, label: string, issuedAt: number, expiresAt = EXPIRES) {
  const content = { scopes: ['geo'], recipients: 'app' as const, expiresAt };
  const fields = { ...frame(owner, app, label), issuedAt, kind: 'policy' as const, content };
  return verifyRequest(signRequest(fields, owner.keyPair), { network: NETWORK, kind: 'policy' });
}

function certificate(expiresAt = EXPIRES): VerifiedRequest<'recipient'> {
  const holder = user(99, 'ed25519');
  const content = { x25519: readerPair().publicKey, expiresAt };
  const fields = { ...frame(holder, ZEROS, 'certificate'), kind: 'recipient' as const, content };
  return verifyRequest(signRequest(fields, holder.keyPair), { network: NETWORK, kind: 'recipient' });
}

const consentOf = (parts: Partial<Consent>): Consent => ({ grants: [], policies: [], revocations: [], ...parts });
const everyKey = SCOPES.concat('__meta').flatMap((scope) =>
  Array.from({ length: LAST_EPOCH + 2 }, (_, epoch) => ({ scope, epoch })),
);
const askFor = (owner: User, app: string, more: Partial<KeyRequest> = {}): KeyRequest => ({
  app,
  wallet: owner.wallet,
  epoch: LAST_EPOCH,
  asker: { certificate: certificate() },
  keys: everyKey,
  ...more,
});

/** What the service hands out: keys, sealed to their recipients. */
function serve(consent: Consent, owner: User, app: string, request: KeyRequest, now: number) {
  return mayServe(consent, request, now).map((key) => ({
    ...key,
    sealed: sealScopeKey(key.recipient as Uint8Array, scopeKey(rootOf(owner, app), fromHex(app), key.scope, key.epoch)),
  }));
}

/** A batch of three events with every scope, and the envelopes that the service made of it. */
function write(owner: User, app: string, epoch: number, data: string) {
  const events: Event[] = [0, 1, 2].map((i) => ({
    id: `0199dd8d-cba7-7d22-9453-${(16 * epoch + i).toString(16).padStart(12, '0')}`,
    type: 'T',
    time: '2026-02-03T04:05:06.000Z',
    scopes: Object.fromEntries(
      SCOPES.map((scope) => [
        scope,
        { salt: id(`salt ${owner.wallet} ${app} ${epoch} ${i} ${scope}`), data: `${data} ${i} ${scope}` },
      ]),
    ),
  }));
  const { header } = signBatch({
    ...frame(owner, app, ''),
    source: '01'.repeat(16),
    seq: epoch,
    events,
    keyPair: owner.keyPair,
  });
  const batch = verifyBatch({ header, events }, { network: NETWORK });
  const subject = subjectOf(rootOf(owner, app));
  const told = events[1] as Event;
  const envelopes = SCOPES.map((scope) => {
    const place = { app: fromHex(app), subject, eventId: told.id, scope, epoch };
    const { salt, data: text } = told.scopes[scope] as { salt: string; data: string };
    const key = scopeKey(rootOf(owner, app), place.app, scope, epoch);
    const nonce = blake2b256(utf8(`${scope}${epoch}`)).slice(0, 24);
    return {
      ...place,
      data: text,
      envelope: seal({ ...place, scopeKey: key, salt: fromHex(salt), data: text, nonce }),
    };
  });
  return { disclosure: disclose(batch, 1, []), envelopes };
}

const algorithms = fc.constantFrom<Algorithm>('ed25519', 'sr25519');

describe('a grant', () => {
  test('opens its scope from its epoch on, under the signature, and nothing else', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...SCOPES),
        fc.integer({ min: 0, max: LAST_EPOCH }),
        algorithms,
        fc.string({ unit: 'grapheme', maxLength: 60 }),
        (scope, fromEpoch, algorithm, data) => {
          const alice = user(1, algorithm);
          const bob = user(2, algorithm);
          const [app, otherApp] = APPS;
          const consent = consentOf({ grants: [grantOf(alice, app, scope, fromEpoch)] });
          const keys = serve(consent, alice, app, askFor(alice, app), NOW);
          const epochs = Array.from({ length: LAST_EPOCH - fromEpoch + 1 }, (_, i) => fromEpoch + i);
          expect(keys.map((key) => [key.scope, key.epoch])).toEqual(epochs.map((epoch) => [scope, epoch]));
          expect(serve(consent, bob, app, askFor(bob, app), NOW)).toEqual([]);
          expect(serve(consent, alice, otherApp, askFor(alice, otherApp), NOW)).toEqual([]);

          const written = [0, 1, 2, 3].map((epoch) => write(alice, app, epoch, data));
          const foreign = [0, 3].flatMap((epoch) => [
            write(bob, app, epoch, data),
            write(alice, otherApp, epoch, data),
          ]);
          for (const { epoch, sealed } of keys) {
            const held = openScopeKey(readerPair(), sealed);
            for (const { disclosure, envelopes } of [...written, ...foreign]) {
              // As it was stored: without the service it still verifies.
              const { event } = verifyDisclosure(JSON.parse(JSON.stringify(disclosure)));
              for (const one of envelopes) {
                const isGranted =
                  one.scope === scope &&
                  one.epoch === epoch &&
                  disclosure.header.wallet === alice.wallet &&
                  disclosure.header.app === app;
                const commitment = fromHex((event.scopes[one.scope] as { commitment: string }).commitment);
                const attempt = () => open({ ...one, scopeKey: held, commitment });
                if (!isGranted) {
                  expect(attempt).toThrow('commitment');
                  // An envelope of another epoch, said to be of this one.
                  const renamed = one.envelope.slice();
                  renamed.set(u32(epoch), 2);
                  expect(() => open({ ...one, epoch, envelope: renamed, scopeKey: held })).toThrow();
                  continue;
                }
                const { salt, data: opened } = attempt();
                expect(opened).toBe(one.data);
                const scopes = { ...event.scopes, [scope]: { salt: toHex(salt), data: opened } };
                const told = verifyDisclosure({ ...disclosure, event: { ...event, scopes } });
                expect(told.opened).toEqual({ [scope]: opened });
                expect(told.header.wallet).toBe(alice.wallet);
                const lie = { ...scopes, [scope]: { salt: toHex(salt), data: `${opened}!` } };
                expect(() => verifyDisclosure({ ...disclosure, event: { ...event, scopes: lie } })).toThrow();
              }
            }
          }
        },
      ),
      { numRuns: 12 },
    );
  });

  test('gives nothing once it has expired or is revoked, nor to an expired certificate, nor to another key', () => {
    fc.assert(
      fc.property(fc.constantFrom(...SCOPES, '__meta'), fc.integer({ min: 0, max: 5000 }), (scope, later) => {
        const alice = user(1, 'ed25519');
        const [app] = APPS;
        const grant = grantOf(alice, app, scope, 0);
        const held = consentOf({ grants: [grant] });
        const given = (consent: Consent, now: number, more?: Partial<KeyRequest>) =>
          serve(consent, alice, app, askFor(alice, app, more), now).length;
        expect(given(held, NOW + later)).toBe(NOW + later < EXPIRES ? LAST_EPOCH + 1 : 0);
        expect(given({ ...held, revocations: [revokeOf(alice, app, grant)] }, NOW)).toBe(0);
        expect(given(held, NOW, { asker: { certificate: certificate(NOW + 1) } })).toBe(LAST_EPOCH + 1);
        expect(given(held, NOW + 1, { asker: { certificate: certificate(NOW + 1) } })).toBe(0);
        expect(given(held, Number.NaN)).toBe(0);
        const stranger = encryptionKeyPairFromSeed(bytes('stranger'));
        for (const { sealed } of serve(held, alice, app, askFor(alice, app), NOW))
          expect(() => openScopeKey(stranger, sealed)).toThrow('key pair');
      }),
      { numRuns: 30 },
    );
  });

  test('a revocation by another wallet ends nothing', () => {
    const alice = user(1, 'ed25519');
    const [app, otherApp] = APPS;
    const grant = grantOf(alice, app, 'geo', 0);
    const others = [revokeOf(user(2, 'ed25519'), app, grant), revokeOf(alice, otherApp, grant)];
    const consent = consentOf({ grants: [grant], revocations: others });
    expect(mayServe(consent, askFor(alice, app), NOW)).toHaveLength(LAST_EPOCH + 1);
  });
});

describe('a policy', () => {
  const alice = () => user(1, 'ed25519');
  const [app] = APPS;
  const exported = (consent: Consent, now: number) =>
    mayServe(consent, askFor(alice(), app, { asker: { exportOf: app } }), now).map((key) => key.by);

  test('the last one counts, dead or alive', () => {
    const first = policyOf(alice(), app, 'first', NOW);
    const second = policyOf(alice(), app, 'second', NOW + 1, NOW + 5);
    expect(new Set(exported(consentOf({ policies: [first] }), NOW + 2))).toEqual(new Set([first.id]));
    expect(new Set(exported(consentOf({ policies: [second, first] }), NOW + 2))).toEqual(new Set([second.id]));
    expect(exported(consentOf({ policies: [first, second] }), NOW + 5)).toEqual([]);
    const ended = consentOf({ policies: [first, second], revocations: [revokeOf(alice(), app, second)] });
    expect(exported(ended, NOW + 2)).toEqual([]);
  });
});

describe('a new epoch', () => {
  const alice = () => user(1, 'ed25519');
  const [app] = APPS;
  const rekeyed = (consent: Consent, now: number, epoch = 1, answered: string[] = []) =>
    rekey(consent, { app, wallet: alice().wallet }, { epoch, answered }, now);

  test('answers each end once, several ends at once, and no end that leaked nothing', () => {
    const geo = grantOf(alice(), app, 'geo', 0);
    const purchase = grantOf(alice(), app, 'purchase', 1);
    const future = grantOf(alice(), app, '__default_scope', 7);
    const consent = consentOf({ grants: [geo, purchase, future] });
    expect(rekeyed(consent, EXPIRES - 1)).toEqual({ epoch: 1, answered: [] });
    const revoked = { ...consent, revocations: [revokeOf(alice(), app, geo)] };
    const first = rekeyed(revoked, NOW);
    expect(first).toEqual({ epoch: 2, answered: [geo.id] });
    expect(rekeyed(revoked, NOW, first.epoch, [...first.answered])).toEqual(first);
    const last = rekeyed(revoked, EXPIRES, first.epoch, [...first.answered]);
    expect(last).toEqual({ epoch: 3, answered: [geo.id, purchase.id, future.id] });
    expect(rekeyed(consentOf({ grants: [future] }), EXPIRES)).toEqual({ epoch: 1, answered: [future.id] });
  });

  test('follows a policy that was replaced, and nothing of another owner', () => {
    const first = policyOf(alice(), app, 'first', NOW);
    const second = policyOf(alice(), app, 'second', NOW + 1);
    expect(rekeyed(consentOf({ policies: [first, second] }), NOW + 2)).toEqual({ epoch: 2, answered: [first.id] });
    const foreign = grantOf(user(2, 'ed25519'), app, 'geo', 0);
    expect(rekeyed(consentOf({ grants: [foreign] }), EXPIRES)).toEqual({ epoch: 1, answered: [] });
  });

  test('keeps what comes after from the keys that were given before', () => {
    const geo = grantOf(alice(), app, 'geo', 0);
    const consent = consentOf({ grants: [geo] });
    const given = serve(consent, alice(), app, askFor(alice(), app, { epoch: 1 }), NOW);
    const { epoch } = rekeyed({ ...consent, revocations: [revokeOf(alice(), app, geo)] }, NOW);
    const { envelopes } = write(alice(), app, epoch, 'later');
    for (const { sealed } of given)
      for (const one of envelopes)
        expect(() => open({ ...one, scopeKey: openScopeKey(readerPair(), sealed) })).toThrow('commitment');
  });
});
