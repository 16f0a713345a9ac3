import { REMOVED_FRESH_MS } from '../../pipeline/ports/removed-events.ts';
import { type Ending, onOver } from '../over.ts';
/** What asking itself may take: an answer that took longer is too old to be written. Milliseconds. */
export const MOST_ASKING_MS = 1_000;

/**
 * Watches over a response whose reader takes its time: what was asked before the first byte is asked again, and the connection ends when
 * something in it was removed meanwhile, or when nobody can say. To be called right after asking, before the answer is written: then no
 * byte of a removed event leaves later than `REMOVED_FRESH_MS` after its removal was committed.
 * @param isThere whether all that is being written is still there
 * @param freshMs what was asked counts so long
 * @returns ends the watch: what was written is out
 */
export function cutWhenRemoved(
  response: Ending & { destroy(): unknown },
  isThere: () => Promise<boolean>,
  freshMs = REMOVED_FRESH_MS - MOST_ASKING_MS,
): () => void {
  let over = false;
  let deadline = setTimeout(cut, freshMs);
  let again = setTimeout(ask, freshMs / 2);
  function end(): void {
    over = true;
    clearTimeout(deadline);
    clearTimeout(again);
    takeBack();
  }
  function cut(): void {
    end();
    response.destroy();
  }
  /** What is said counts from when it was asked. */
  async function ask(): Promise<void> {
    const next = setTimeout(cut, freshMs);
    const answer = await isThere().catch(() => false);
    if (over || !answer) clearTimeout(next);
    if (over) return;
    if (!answer) return cut();
    clearTimeout(deadline);
    deadline = next;
    again = setTimeout(ask, freshMs / 2);
  }
  const takeBack = onOver(response, end);
  return end;
}
