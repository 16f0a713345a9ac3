import { parseKeks } from '../../connectors/kms/kek-list.ts';
import { createMemoryRequests } from '../../connectors/vault/memory-requests.ts';
import { createMemoryVault } from '../../connectors/vault/memory-vault.ts';
import {
  type Algorithm,
  blake2b256,
  type Content,
  disclose,
  encryptionKeyPairFromSeed,
  fromHex,
  type KindName,
  keyPairFromSeed,
  META_SCOPE,
  type OpenScope,
  openScopeKey,
  scopeKey,
  seal,
  sealScopeKey,
  signBatch,
  signRequest,
  toHex,
  utf8,
  verifyBatch,
  verifyRequest,
} from '../../protocol/index.ts';

const NETWORK = 'n';
export const NOW = 1_770_000_000_000;
export const EXPIRES = NOW + 60_000;
export const SCOPES = ['purchase', 'geo', '__default_scope'];
/** Epochs that have begun in these worlds. */
export const EPOCHS = [0, 1, 2];
const NOT_BEGUN = EPOCHS.length;

const bytes = (label: string) => blake2b256(utf8(label));
const id = (label: string) => toHex(bytes(label)).slice(0, 32);

/** A wallet in an app. */
export function person(name: string, app: string, algorithm: Algorithm) {
  const keyPair = keyPairFromSeed(algorithm, bytes(name));
  return { app: bytes(app), wallet: keyPair.publicKey, keyPair, algorithm };
}
export type Person = ReturnType<typeof person>;

const frame = ({ app, wallet, algorithm }: Person) => ({
  ...{ network: NETWORK, app: toHex(app), wallet: toHex(wallet), issuedAt: NOW },
  ...{ signer: 'wallet' as const, algorithm, wrap: 'none' as const },
});

/** A request as it is accepted: signed, sent as JSON, verified. @param app hex; default: the wallet's */
export function signed<K extends KindName>(by: Person, kind: K, content: Content<K>, app = toHex(by.app)) {
  const request = signRequest({ ...frame(by), app, id: id(kind), kind, content }, by.keyPair);
  return verifyRequest(JSON.parse(JSON.stringify(request)), { network: NETWORK, kind });
}

/** A wallet with an encryption key and a certificate for it. */
function recipient(name: string) {
  const pair = encryptionKeyPairFromSeed(bytes(`${name} x25519`));
  const certified = { x25519: pair.publicKey, expiresAt: EXPIRES + 1_000 };
  const certificate = signed(person(name, 'any', 'ed25519'), 'recipient', certified, '00'.repeat(32));
  return { pair, reader: { name: `wallet:${name}`, asker: { certificate } } };
}
export type Recipient = ReturnType<typeof recipient>;

/** A vault over rows in memory, the requests that change them, a reader and a stranger, both certified. The same every time. */
export async function consentWorld(people: readonly Person[]) {
  let drawn = 0;
  const random = { bytes: (length: number) => bytes(`random ${drawn++}`).slice(0, length) };
  const time = { elapsed: 0, calendar: NOW };
  const keks = parseKeks(`1 ${'11'.repeat(32)}`);
  const clocks = { clock: { now: () => time.elapsed }, calendar: { now: () => time.calendar } };
  const vault = createMemoryVault({ keks, random, ...clocks });
  const requests = createMemoryRequests(vault.tables, keks, random);
  const friend = recipient('friend');
  const stranger = recipient('stranger');
  await vault.transit(people);

  /** From the owner to the friend. */
  const grant = (owner: Person, scope: string, fromEpoch: number) =>
    signed(owner, 'grant', {
      ...{ grantor: owner.wallet, scope, fromEpoch },
      ...{ recipient: friend.pair.publicKey, expiresAt: EXPIRES },
    });

  /** Asks for everything of an owner: the keys that come, as the one who asks has them once unsealed. */
  async function held(owner: Person, { rootVersion = 1, by = friend }: { rootVersion?: number; by?: Recipient } = {}) {
    const { pair, reader } = by;
    const wanted = [...SCOPES, META_SCOPE].flatMap((scope) =>
      [...EPOCHS, NOT_BEGUN].map((epoch) => ({ ...owner, reader, rootVersion, scope, epoch })),
    );
    const given = await vault.scopeKeys(wanted);
    return wanted.flatMap(({ scope, epoch }, i) => {
      const one = given[i];
      if (!one) return [];
      if (!one.recipient) throw new Error('a key for a reader that names no recipient');
      return [{ scope, epoch, key: openScopeKey(pair, sealScopeKey(one.recipient, one.key)) }];
    });
  }

  /** The second of three events that the owner signs, each scope sealed under the vault's root, and its disclosure with every scope closed. */
  async function write(owner: Person, epoch: number, data: string, rootVersion = 1) {
    const [root] = await vault.roots([{ ...owner, rootVersion }]);
    if (!root) throw new Error('the vault has no root for this wallet');
    const label = `${toHex(owner.app)} ${toHex(owner.wallet)} ${rootVersion} ${epoch}`;
    const scopeOf = (scope: string, i: number): OpenScope => ({ salt: id(`${label} ${scope} ${i}`), data: data + i });
    const events = [0, 1, 2].map((i) => ({
      ...{ id: `0199dd8d-cba7-7d22-9453-00000000000${i}`, type: 'T', time: '2026-02-03T04:05:06.000Z' },
      scopes: Object.fromEntries(SCOPES.map((scope) => [scope, scopeOf(scope, i)])),
    }));
    const { header } = signBatch({
      ...{ ...frame(owner), source: '01'.repeat(16), seq: epoch, events },
      keyPair: owner.keyPair,
    });
    const disclosure = disclose(verifyBatch({ header, events }, { network: NETWORK }), 1, []);
    const envelopes = SCOPES.map((scope) => {
      const place = { app: owner.app, subject: root.subject, eventId: disclosure.event.id, scope, epoch };
      const { salt, data: text } = scopeOf(scope, 1);
      const sealing = { salt: fromHex(salt), data: text, nonce: bytes(`${label} ${scope}`).slice(0, 24) };
      const envelope = seal({ ...place, ...sealing, scopeKey: scopeKey(root.userRoot, owner.app, scope, epoch) });
      return { place, text, envelope };
    });
    return { owner, disclosure, envelopes };
  }

  return { vault, requests, time, stranger, grant, held, write };
}

export type ConsentWorld = Awaited<ReturnType<typeof consentWorld>>;
export type Written = Awaited<ReturnType<ConsentWorld['write']>>;
