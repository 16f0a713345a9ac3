import { fromHex, toHex } from '../../../protocol/index.ts';
import { ApiProblem } from '../problems.ts';

/** The last event that a page has looked at. Pages are ordered by (time, batch id, index), never by where something is stored. */
export interface Cursor {
  /** Earliest event time of the batch, milliseconds since the epoch. */
  readonly time: number;
  readonly batchId: Uint8Array;
  readonly index: number;
}

const CURSOR = /^(-?\d{1,16})\.([0-9a-f]{64})\.(\d{1,4})$/;

/** For people a text of no meaning. */
export const showCursor = ({ time, batchId, index }: Cursor): string => `${time}.${toHex(batchId)}.${index}`;

/** @throws ApiProblem `invalid` for anything that no page has answered */
export function readCursor(text: string): Cursor {
  const [, time, batchId, index] = CURSOR.exec(text) ?? [];
  if (time === undefined || batchId === undefined || index === undefined)
    throw new ApiProblem('invalid', { detail: 'after: give what `next` of the page before says' });
  return { time: Number(time), batchId: fromHex(batchId, 32), index: Number(index) };
}
