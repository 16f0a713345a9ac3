import { type Batch, fromHex } from '../../protocol/index.ts';
import type { Summary } from '../../schemas/index.ts';

/** What later rooms know of a batch without opening it. */
export function summaryOf({ header, events }: Batch): Summary {
  const types = new Set<string>();
  const { id: firstId, time: firstTime } = events[0] ?? { id: '', time: '' };
  let [idMin, idMax, timeMin, timeMax] = [firstId, firstId, firstTime, firstTime];
  for (const { id, type, time } of events) {
    types.add(type);
    if (id < idMin) idMin = id;
    else if (id > idMax) idMax = id;
    // Times all have one form, so their order is the order of their text.
    if (time < timeMin) timeMin = time;
    else if (time > timeMax) timeMax = time;
  }
  return {
    count: events.length,
    types: [...types].sort(),
    idMin,
    idMax,
    timeMin: Date.parse(timeMin),
    timeMax: Date.parse(timeMax),
    source: fromHex(header.source, 16),
    seq: header.seq,
    signer: header.signer,
    issuedAt: header.issuedAt,
  };
}
