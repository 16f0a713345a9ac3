// Events, scopes and leaves, from docs/formats.md ("Events").
import { cat, H, lp, need, uint, unbase64url, unhex, utf8 } from './bytes.mjs';
import { isObject, members } from './json.mjs';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
export const isEventId = (value) => typeof value === 'string' && UUID.test(value);

/** 1–128 bytes of text without control characters: `type`, `session`, and an audience. */
export function checkLabel(value, code) {
  const { length } = utf8(value, code);
  need(length >= 1 && length <= 128, code);
  need(!/\p{Cc}/u.test(value), code);
}

function isTime(value) {
  const match =
    typeof value === 'string' &&
    /^([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})\.[0-9]{3}Z$/.exec(value);
  if (!match) return false;
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number);
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  return month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1] && hour < 24 && minute < 60 && second < 60;
}

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';
function checkCid(value) {
  need(typeof value === 'string' && value.length <= 128 && /^b[a-z2-7]*$/.test(value), 'blob');
  const bits = [...value.slice(1)].map((c) => BASE32.indexOf(c).toString(2).padStart(5, '0')).join('');
  const whole = Math.floor(bits.length / 8);
  need(bits.length - 8 * whole < 5 && !bits.slice(8 * whole).includes('1'), 'blob');
  const bytes = Array.from({ length: whole }, (_, i) => Number.parseInt(bits.slice(8 * i, 8 * i + 8), 2));
  let at = 0;
  const varint = () => {
    let number = 0;
    for (let size = 0; size < 5; size++) {
      need(at < bytes.length, 'blob');
      const byte = bytes[at++];
      number += (byte % 128) * 128 ** size;
      if (byte < 128) {
        need(byte !== 0 || size === 0, 'blob');
        return number;
      }
    }
    return need(false, 'blob');
  };
  need(varint() === 1, 'blob');
  varint();
  varint();
  const length = varint();
  need(length >= 1 && length <= 64 && bytes.length - at === length, 'blob');
}

/** `meta`: whether `__meta` may be named, too. */
export function checkScopeName(name, meta = false) {
  need(typeof name === 'string' && /^[A-Za-z0-9_.-]{1,64}$/.test(name), 'scope');
  need(!name.startsWith('__') || name === '__default_scope' || (meta && name === '__meta'), 'scope');
}

function checkScope(scope) {
  members(scope, ['salt', 'data', 'commitment', 'envelope'], 'scope', []);
  const form = Object.keys(scope).sort().join();
  need(['data,salt', 'commitment', 'commitment,envelope'].includes(form), 'scope');
  if (form === 'data,salt') {
    unhex(scope.salt, 16, 'salt');
    utf8(scope.data, 'data');
    return;
  }
  unhex(scope.commitment, 32, 'commitment');
  if ('envelope' in scope) need(unbase64url(scope.envelope).length >= 94, 'envelope');
}

export function checkEvent(event) {
  members(event, ['id', 'type', 'time', 'session', 'blob', 'scopes'], 'event', []);
  need(isEventId(event.id), 'id');
  checkLabel(event.type, 'type');
  need(isTime(event.time), 'time');
  if (Object.hasOwn(event, 'session')) checkLabel(event.session, 'session');
  if (Object.hasOwn(event, 'blob')) checkCid(event.blob);
  need(isObject(event.scopes), 'scope');
  const names = Object.keys(event.scopes);
  need(!names.includes('__proto__'), 'proto');
  need(names.length >= 1 && names.length <= 64, 'scope');
  for (const name of names) {
    checkScopeName(name);
    checkScope(event.scopes[name]);
  }
  return event;
}

export function commitment(salt, data) {
  need(salt.length === 16, 'salt');
  return H(utf8(data, 'data'), salt);
}
export const commitmentOf = (scope) =>
  'data' in scope ? commitment(unhex(scope.salt, 16, 'salt'), scope.data) : unhex(scope.commitment, 32, 'commitment');

/** What is hashed to the leaf of an event that was checked. */
export function preimage({ id, type, time, session = '', blob = '', scopes }) {
  const names = Object.keys(scopes).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return cat(
    [0],
    ...[id, type, time, session, blob].map((text) => lp(utf8(text))),
    uint(names.length, 2),
    ...names.flatMap((name) => [lp(utf8(name)), commitmentOf(scopes[name])]),
  );
}
export const leafOf = (event) => H(preimage(event));
