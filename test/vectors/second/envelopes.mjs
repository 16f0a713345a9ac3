// Keys of scopes and records, and envelopes, from docs/formats.md ("Keys", "Envelopes").
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { attempt, cat, H, H64, lp, need, same, textOf, toInt, uint, utf8 } from './bytes.mjs';
import { checkScopeName } from './events.mjs';
import { integer } from './json.mjs';

const U32 = 2 ** 32 - 1;

export function scopeKeyOf(userRoot, app, scope, epoch) {
  need(userRoot.length === 32, 'root');
  need(app.length === 32, 'key');
  checkScopeName(scope, true);
  integer(epoch, 'epoch', U32);
  return H(cat(utf8('cere-ddc:scope:v1'), lp(app), lp(utf8(scope)), uint(epoch, 4)), userRoot);
}
export function subjectOf(userRoot) {
  need(userRoot.length === 32, 'root');
  return H(utf8('cere-ddc:subject:v1'), userRoot);
}

export function recordKeys(scopeKey, nonce, aad) {
  need(scopeKey.length === 32, 'scope_key');
  need(nonce.length === 24, 'nonce');
  const both = H64(scopeKey, cat(utf8('cere-ddc:record:v1'), nonce, lp(aad)));
  return { recordKey: both.slice(0, 32), commitment: both.slice(32) };
}

/** `place`: the scope key, and what an envelope is bound to. */
function aadOf({ scopeKey, epoch, app, subject, eventId, scope }) {
  need(scopeKey.length === 32, 'scope_key');
  integer(epoch, 'epoch', U32);
  need(app.length === 32, 'key');
  need(subject.length === 32, 'subject');
  checkScopeName(scope, true);
  return cat(utf8('cere-ddc:env:v1'), lp(app), subject, lp(utf8(eventId)), lp(utf8(scope)), uint(epoch, 4));
}

export function seal(place, salt, data, nonce) {
  const aad = aadOf(place);
  need(salt.length === 16, 'salt');
  const { recordKey, commitment } = recordKeys(place.scopeKey, nonce, aad);
  const box = xchacha20poly1305(recordKey, nonce, aad).encrypt(cat(salt, utf8(data, 'data')));
  return cat([1, 1], uint(place.epoch, 4), nonce, commitment, box);
}

export function checkEnvelopeHead(envelope, epoch) {
  need(envelope.length >= 94, 'length');
  need(envelope[0] === 1, 'version');
  need(envelope[1] === 1, 'suite');
  need(toInt(envelope.slice(2, 6)) === BigInt(epoch), 'epoch');
}

/** `known`: the scope's commitment, where it is known. */
export function open(place, envelope, known) {
  const aad = aadOf(place);
  checkEnvelopeHead(envelope, place.epoch);
  const nonce = envelope.slice(6, 30);
  const { recordKey, commitment } = recordKeys(place.scopeKey, nonce, aad);
  need(same(commitment, envelope.slice(30, 62)), 'commitment');
  const plain = attempt('tag', () => xchacha20poly1305(recordKey, nonce, aad).decrypt(envelope.slice(62)));
  const salt = plain.slice(0, 16);
  const data = textOf(plain.slice(16));
  need(known === undefined || same(H(plain.slice(16), salt), known), 'commitment');
  return { salt, data };
}
