import { QueueDamaged } from '../errors.ts';
import { type QueueChange, type QueuedBatch, type QueueOwner, QueueState } from './queue-state.ts';

/** First line of a journal: whose queue it is, and how far its source has counted. */
const HEAD = 'cere-ddc:queue:v1';

type Line = QueueChange | { readonly batch: QueuedBatch };
type Head = QueueOwner & QueueState['counters'] & { readonly journal: typeof HEAD };

/** The queue as it is: a head, then a line for each batch. */
export const linesOf = (owner: QueueOwner, { counters, batches }: QueueState): string[] =>
  [{ journal: HEAD, ...owner, ...counters }, ...batches.map((batch) => ({ batch }))].map((line) =>
    JSON.stringify(line),
  );

/**
 * Reads a journal. What a crash left of a last change is not counted: nobody was told that it was kept.
 * @param where for messages
 * @throws QueueDamaged when the text is no journal, of another owner, or changed elsewhere than at its end
 */
export function readJournal(text: string, owner: QueueOwner, where: string): QueueState {
  const lines = text.split('\n');
  // After the last line end there is nothing, or what was not written to its end.
  lines.pop();
  const values = lines.map(parsed);
  const end = values.indexOf(undefined);
  const counted = end === -1 ? values : values.slice(0, end);
  if (end !== -1 && values.slice(end).some((value) => value !== undefined))
    throw new QueueDamaged(where, `line ${end + 1} is not readable, and lines after it are`);
  const [head, ...rest] = counted as [Head | undefined, ...Line[]];
  if (head?.journal !== HEAD) throw new QueueDamaged(where, 'it is no queue of this SDK');
  for (const name of ['network', 'app', 'wallet'] as const)
    if (head[name] !== owner[name]) throw new QueueDamaged(where, `it is of another ${name}`);
  try {
    const kept = rest.flatMap((line) => ('batch' in line ? [line.batch] : []));
    const state = new QueueState(head, kept);
    for (const line of rest) if (!('batch' in line)) state.apply(line);
    return state;
  } catch (error) {
    throw new QueueDamaged(where, (error as Error).message);
  }
}

function parsed(line: string): unknown {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
