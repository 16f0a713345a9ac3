import type { Rules } from './rules.ts';

/** Where to seek when `offset` arrives while `next` is due; null when it is the one. Clients of Kafka do skip and repeat. */
export function seekBack(offset: number, next: number, rules: Pick<Rules, 'row'>): number | null {
  return !rules.row || offset === next ? null : next;
}
