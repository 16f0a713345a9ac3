import { ProtocolError } from '../errors.ts';
import { isEventId, isLabel } from '../event.ts';
import { MAX_COUNT } from '../header.ts';
import { counter, list, optional, text } from './fields.ts';
import { defineKind } from './kind.ts';

const fields = {
  events: optional(list('selector', MAX_COUNT, text('selector', isEventId))),
  from: optional(counter('selector')),
  to: optional(counter('selector')),
  session: optional(text('selector', isLabel)),
};

/** Removes single events: by id, by time (`from` ≤ time < `to`) or by session. */
export const remove = defineKind({
  summary: 'Removes the selected events of this wallet in this app.',
  signers: ['wallet'],
  validity: 'fresh',
  fields,
  check({ events, from, to, session }) {
    if ((from === undefined) !== (to === undefined)) throw new ProtocolError('selector');
    if ([events, from, session].filter((one) => one !== undefined).length !== 1) throw new ProtocolError('selector');
    if (from !== undefined && to !== undefined && from >= to) throw new ProtocolError('selector');
  },
});
