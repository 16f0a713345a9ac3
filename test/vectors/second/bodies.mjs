// Bodies of requests that bring a batch, from docs/formats.md ("Body", "Modes").

import { batchIdOf, checkHeader, verifyBatch } from './batches.mjs';
import { need, textOf, unbase64url, unhex } from './bytes.mjs';
import { checkEnvelopeHead } from './envelopes.mjs';
import { checkEvent } from './events.mjs';
import { integer, isObject, members, parseJson } from './json.mjs';

/** `client`: what the client has encrypted, its epoch and the length of its meta. */
function readFirst(first) {
  need(isObject(first), 'header');
  const { subject, epoch, meta, ...header } = first;
  checkHeader(header);
  const told = ['subject', 'epoch', 'meta'].filter((name) => Object.hasOwn(first, name));
  if (told.length === 0) return { header };
  need(told.length === 3, 'client');
  unhex(subject, 32, 'subject');
  integer(epoch, 'epoch', 2 ** 32 - 1);
  const envelope = unbase64url(meta);
  checkEnvelopeHead(envelope, epoch);
  return { header, client: { epoch, metaLength: envelope.length } };
}

function readEvent(event, client) {
  for (const scope of Object.values(checkEvent(event).scopes)) {
    need((client === undefined ? 'data' : 'envelope') in scope, 'client');
    if (client !== undefined) checkEnvelopeHead(unbase64url(scope.envelope), client.epoch);
  }
  return event;
}

function valuesOf(text) {
  const lines = (text.endsWith('\n') ? text.slice(0, -1) : text).split('\n');
  return lines.map((line) => {
    need(!/^[ \t\r]*$/.test(line), 'blank_line');
    need(!line.endsWith('\r'), 'line_end');
    return parseJson(line);
  });
}

export function body(bytes, format, network) {
  need(bytes.length <= 2_000_000, 'body_too_large');
  const text = textOf(bytes);
  let values;
  if (format === 'json') {
    const whole = parseJson(text);
    members(whole, ['header', 'events'], 'body');
    need(Array.isArray(whole.events), 'body');
    values = [whole.header, ...whole.events];
  } else {
    values = valuesOf(text);
  }
  const { header, client } = readFirst(values[0]);
  const events = values.slice(1).map((event) => readEvent(event, client));
  const root = verifyBatch(header, events, network, client?.metaLength);
  return { root, batchId: batchIdOf(header, root), mode: client === undefined ? 'service' : 'client' };
}
