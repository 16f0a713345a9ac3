import { z } from 'zod';
import { selectorOf } from '../../pipeline/rules/removal.ts';
import { ApiProblem } from '../problems.ts';
import { requestId } from '../shapes.ts';
import { defineHandler } from './handler.ts';

/** Looked through for every event that is read: an owner keeps so many, one within another counting for nothing. */
const MOST_RANGES = 500;
/** Events and sessions that an owner keeps removed by name; whether there is such an event nobody can tell while batches are on their way. */
const MOST_NAMES = 100_000;
/** Removals of an owner that the sweeper works on. */
const MOST_OPEN = 1_000;

/** Removes single events; the sweeper makes the receipt. */
export const remove = defineHandler<'remove'>({
  kind: 'remove',
  path: '/v1/removals',
  status: 202,
  summary: 'Remove single events of a wallet in an app',
  note: 'Named by id (up to 1,000), by time, or by session. It reaches events of every batch that was signed until then, also of those still on their way; every read leaves them out from the answer on. Its state and receipts are at `/v1/wallets/{wallet}/apps/{app}/removals/{id}`.',
  answer: z.object({ id: requestId }),
  problems: { 404: '`nothing_to_remove`', 409: '`too_many_ranges`, `too_many_removals`', 410: '`erased`' },
  async run({ request, owner }, effects) {
    const root = await effects.root();
    if (!root) throw new ApiProblem('nothing_to_remove');
    if (root.erased) throw new ApiProblem('erased');
    const { ranges, names, open } = await effects.remove(selectorOf(owner, request.content));
    if (ranges > MOST_RANGES) throw new ApiProblem('too_many_ranges');
    if (names > MOST_NAMES || open > MOST_OPEN) throw new ApiProblem('too_many_removals');
    return { id: request.id };
  },
});
