// Meta, from docs/formats.md ("Meta"): the envelope that holds a batch's header and its events without their content.

import { batchIdOf, checkHeader, metaText, verifyHeader } from './batches.mjs';
import { hex, need, unhex } from './bytes.mjs';
import { open, scopeKeyOf, seal, subjectOf } from './envelopes.mjs';
import { checkEvent, leafOf } from './events.mjs';
import { isObject, parseJson } from './json.mjs';
import { treeOf } from './trees.mjs';

const NO_SALT = new Uint8Array(16);
const placeOf = ({ userRoot, app, epoch }) => ({
  scopeKey: scopeKeyOf(userRoot, app, '__meta', epoch),
  subject: subjectOf(userRoot),
  app,
  epoch,
  eventId: '',
  scope: '__meta',
});

export function sealMeta(key, header, events, nonce) {
  checkHeader(header);
  return seal(placeOf(key), NO_SALT, metaText(header, events.map(checkEvent)), nonce);
}

/** An event is closed, or its leaf alone where it was removed. */
function leafOfClosed(event) {
  need(isObject(event), 'meta');
  if (Object.hasOwn(event, 'leaf')) {
    need(Object.keys(event).length === 1, 'meta');
    return unhex(event.leaf, 32, 'meta');
  }
  checkEvent(event);
  need(
    Object.values(event.scopes).every((scope) => Object.keys(scope).join() === 'commitment'),
    'meta',
  );
  return leafOf(event);
}

export function openMeta(key, envelope) {
  const { salt, data } = open(placeOf(key), envelope);
  need(
    salt.every((byte) => byte === 0),
    'meta',
  );
  const meta = parseJson(data);
  need(isObject(meta), 'meta');
  need(!Object.hasOwn(meta, '__proto__'), 'proto');
  need(Object.keys(meta).sort().join() === 'events,header,v' && meta.v === 1 && Array.isArray(meta.events), 'meta');
  const { header, events } = meta;
  checkHeader(header);
  need(header.app === hex(key.app), 'meta');
  const leaves = events.map(leafOfClosed);
  need(leaves.length === header.count, 'count');
  const root = treeOf(leaves);
  verifyHeader(header, root);
  return { root, batchId: batchIdOf(header, root), header, events };
}
