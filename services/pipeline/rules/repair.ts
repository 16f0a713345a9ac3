import type { Position } from '../ports/positions.ts';

/**
 * The repair statement: `UPDATE positions SET mark = $mine, next = … WHERE mark > $mine`. The encryptor reads again from `received`,
 * where origin is offset; the pinner cannot know at which offset an origin stands, so its `next` stays and its own check goes further up.
 * @returns the row after it, or null when there is nothing to lower
 */
export function repaired(upstream: 'encryptor' | 'pinner', row: Position, mine: number): Position | null {
  if (row.mark <= mine) return null;
  return { mark: mine, next: upstream === 'encryptor' ? mine + 1 : row.next };
}
