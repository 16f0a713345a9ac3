import { setTimeout as pause } from 'node:timers/promises';
import { type Json, type OpenSearch, OpenSearchError } from './client.ts';

/** Bytes of one request: a cluster takes a hundred times that, and does several at a time better. */
const REQUEST_BYTES = 5_000_000;
const REQUEST_ITEMS = 5_000;
/** So often an item that the cluster has no room for is sent again before the whole delivery backs off. */
const ATTEMPTS = 6;
const FIRST_PAUSE_MS = 100;
/** Whoever wants to be left alone for longer is not waited for here, but by whoever delivers, and the status says so. */
const LONGEST_PAUSE_MS = 5_000;

/** What became of one item. */
export type Outcome =
  | { readonly kind: 'done' }
  /** There in this version or a later one, or gone already. */
  | { readonly kind: 'conflict' }
  /** The pipeline that it was to go through is closed. */
  | { readonly kind: 'fenced' }
  /** It will never be taken. */
  | { readonly kind: 'refused'; readonly why: string };

/** Sends items, again by item where the cluster had no room, as far as it takes them at all. */
export interface Bulk {
  /**
   * @param lines one item each: its action, and its document where it has one
   * @returns what became of each. @throws OpenSearchError while the cluster, not the item, is to blame
   */
  send(lines: readonly string[], options?: { readonly fence?: string }): Promise<readonly Outcome[]>;
}

const DONE: Outcome = { kind: 'done' };
const FENCED = /pipeline with id \[.*\] does not exist/;
const ITEM = 'items.*.';
const FILTER = [
  'errors',
  ...['status', 'error.type', 'error.reason', 'error.caused_by.reason'].map((field) => ITEM + field),
].join(',');

/** Of an item that failed. @throws OpenSearchError where it is the index that is to blame; null: it may be sent again */
function judge(status: number, error: Json): Outcome | null {
  const [type, reason, cause] = [String(error?.type), String(error?.reason), error?.caused_by?.reason];
  if (status === 409 || (status === 404 && !error)) return { kind: 'conflict' };
  if (status === 0) throw new OpenSearchError(502, '', 'it answered `_bulk` without saying what became of an item');
  if (status === 429 || status >= 500) return null;
  if (FENCED.test(reason)) return { kind: 'fenced' };
  if (status === 401 || status === 403 || status === 404) throw new OpenSearchError(status, type, reason);
  return { kind: 'refused', why: cause === undefined ? `${type}: ${reason}` : `${type}: ${reason} (${cause})` };
}

function* requests(lines: readonly string[], numbers: readonly number[]): Generator<readonly number[]> {
  let some: number[] = [];
  let bytes = 0;
  for (const n of numbers) {
    const size = Buffer.byteLength(lines[n] ?? '');
    if (some.length > 0 && (bytes + size > REQUEST_BYTES || some.length === REQUEST_ITEMS)) {
      yield some;
      some = [];
      bytes = 0;
    }
    some.push(n);
    bytes += size;
  }
  if (some.length > 0) yield some;
}

/** @param signal ends the pauses */
export function createBulk({ ask }: OpenSearch, signal: AbortSignal): Bulk {
  /** @returns the numbers that are to be sent again, and what the cluster said last */
  async function once(
    lines: readonly string[],
    numbers: readonly number[],
    fence: string | undefined,
    outcomes: Outcome[],
  ) {
    const again: number[] = [];
    let last = new OpenSearchError(429, '', 'it refused items');
    for (const some of requests(lines, numbers)) {
      try {
        const { body } = await ask({
          method: 'POST',
          path: '/_bulk',
          query: { filter_path: FILTER, ...(fence === undefined ? {} : { pipeline: fence }) },
          lines: some.map((n) => lines[n]).join(''),
          ...(fence === undefined ? {} : { opaqueId: fence }),
        });
        for (const [i, n] of some.entries()) {
          const item: Json = Object.values(body.items?.[i] ?? {})[0];
          const { status = 0, error } = item ?? {};
          const outcome = status >= 200 && status < 300 ? DONE : judge(status, error);
          if (outcome) outcomes[n] = outcome;
          else {
            again.push(n);
            last = new OpenSearchError(status, String(error?.type), String(error?.reason));
          }
        }
      } catch (error) {
        if (!(error instanceof OpenSearchError) || error.status !== 429) throw error;
        again.push(...some);
        last = error;
      }
    }
    return { again, last };
  }

  return {
    async send(lines, { fence } = {}) {
      const outcomes: Outcome[] = lines.map(() => DONE);
      let numbers: readonly number[] = lines.map((_, n) => n);
      for (let attempt = 1; numbers.length > 0; attempt += 1) {
        const { again, last } = await once(lines, numbers, fence, outcomes);
        numbers = again;
        if (numbers.length === 0) break;
        if (attempt === ATTEMPTS) throw last;
        const wanted = last.retryAfter === null ? FIRST_PAUSE_MS * 2 ** attempt : last.retryAfter * 1_000;
        if (last.retryAfter !== null && wanted > LONGEST_PAUSE_MS) throw last;
        await pause(Math.min(wanted, LONGEST_PAUSE_MS), undefined, { signal });
      }
      return outcomes;
    },
  };
}
