import type { DeadLetter, Received } from '../schemas/index.ts';
import { FatalError } from '../services/pipeline/errors.ts';
import type { Admission } from '../services/pipeline/ports/admission.ts';
import type { Codec } from '../services/pipeline/ports/codec.ts';
import type { IndexStore } from '../services/pipeline/ports/index-store.ts';
import type { LogLookup, LogWriter } from '../services/pipeline/ports/log.ts';
import type { CrashOwner, Positions, Stage } from '../services/pipeline/ports/positions.ts';
import { RETRY_OF } from '../services/pipeline/rules/origin.ts';
import { CRASHES_TO_PAUSE, poisonPlace } from '../services/pipeline/rules/poison.ts';

/** A command that would break a rule; says what to do instead. */
export class RefusedError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.name = 'RefusedError';
    this.code = code;
  }
}

export interface DeadLetterPorts {
  readonly lookup: LogLookup;
  readonly writer: LogWriter;
  readonly positions: Positions;
  readonly admission: Pick<Admission, 'origins'>;
  readonly index: Pick<IndexStore, 'batches'>;
  readonly codecs: { readonly dead: Codec<DeadLetter>; readonly received: Codec<Received> };
  /** Full names, prefix included. */
  readonly topics: { readonly dead: string; readonly received: string };
}

/** The newest dead letters of a partition first; stops where retention begins. */
export async function* deadLetters(
  ports: Pick<DeadLetterPorts, 'lookup' | 'codecs' | 'topics'>,
  partition: number,
): AsyncGenerator<{ offset: number; key: Uint8Array; letter: DeadLetter }> {
  const end = await ports.lookup.endOffset(ports.topics.dead, partition);
  for (let offset = end - 1; offset >= 0; offset -= 1) {
    try {
      const record = await ports.lookup.readAt(ports.topics.dead, partition, offset);
      yield { offset, key: record.key, letter: ports.codecs.dead.decode(record.value) };
    } catch (error) {
      if (error instanceof FatalError && error.code === 'offset_out_of_range') return;
      throw error;
    }
  }
}

const isUnreadable = (letter: DeadLetter): boolean => letter.batchId.every((byte) => byte === 0);

/**
 * `ddc dlq retry`: appends the sealed original of the void at `origin` to `received` again, with header `retryOf`.
 * @returns the offset of the new record
 * @throws RefusedError `no_letter`, `not_yet_indexed`, `superseded`, `not_dead` or `unreadable`
 */
export async function retryDeadLetter(ports: DeadLetterPorts, partition: number, origin: number): Promise<number> {
  const { positions, admission, index, writer, topics } = ports;
  let found: { key: Uint8Array; letter: DeadLetter } | null = null;
  for await (const entry of deadLetters(ports, partition)) {
    if (entry.letter.origin !== origin) continue;
    found = entry;
    break;
  }
  if (!found)
    throw new RefusedError(
      'no_letter',
      `No dead letter of partition ${partition} has origin ${origin}; see \`ddc dlq list\`.`,
    );
  const { letter, key } = found;
  if (isUnreadable(letter)) {
    throw new RefusedError(
      'unreadable',
      `The original at origin ${origin} cannot be read as a batch, so it cannot be taken over.`,
    );
  }
  const { mark } = await positions.load('indexer', partition);
  if (mark < origin) {
    throw new RefusedError(
      'not_yet_indexed',
      `The index has seen origins up to ${mark}; try again when it has passed ${origin}.`,
    );
  }
  const [owner] = await admission.origins([letter.batchId]);
  if (owner && (owner.partition !== partition || owner.origin !== origin)) {
    throw new RefusedError(
      'superseded',
      `This batch now belongs to origin ${owner.origin} of partition ${owner.partition}; retry that one.`,
    );
  }
  const [indexed] = await index.batches([letter.batchId]);
  if (indexed && indexed.reason !== 'dead') {
    throw new RefusedError(
      'not_dead',
      `The batch is ${indexed.reason ?? 'live'} at origin ${indexed.origin}: there is nothing to retry.`,
    );
  }
  const { batchId, app, wallet, rootVersion, receivedAt, format, sealed } = letter;
  const value = ports.codecs.received.encode({ batchId, app, wallet, rootVersion, receivedAt, format, sealed });
  return writer.send(topics.received, partition, [{ key, value, headers: { [RETRY_OF]: String(origin) } }]);
}

const isStage = (owner: CrashOwner): owner is Stage => !owner.startsWith('export-');

/** An export's row is with its sink; there is one count per partition, so the place that is counted is where it waits. */
async function pausedPlace(positions: Positions, stage: CrashOwner, partition: number): Promise<number> {
  const origin = isStage(stage)
    ? poisonPlace(await positions.load(stage, partition))
    : ((await positions.crashPlace(stage, partition)) ?? 0);
  const crashes = await positions.crashes(stage, partition, origin);
  if (crashes >= CRASHES_TO_PAUSE) return origin;
  throw new RefusedError(
    'not_paused',
    `The ${stage} has crashed ${crashes} times at origin ${origin} of partition ${partition}; it pauses at ${CRASHES_TO_PAUSE}, and only a paused place can be parked or resumed.`,
  );
}

/**
 * `ddc dlq resume`: lets a paused partition go on after what crashed was mended. Nothing is skipped; if it was not, three more crashes
 * pause it again. For readers, which void nothing, the only way on.
 * @returns the origin at which it goes on
 * @throws RefusedError `not_paused` when the stage is not paused there
 */
export async function resumeStage(positions: Positions, stage: CrashOwner, partition: number): Promise<number> {
  const origin = await pausedPlace(positions, stage, partition);
  await positions.forgetCrashes(stage, partition, origin);
  return origin;
}

/**
 * `ddc dlq park`: voids the record at which a stage is paused.
 * @returns the origin that is parked
 * @throws RefusedError `not_paused` when the stage is not paused there
 */
export async function parkRecord(
  positions: Positions,
  stage: 'encryptor' | 'pinner',
  partition: number,
): Promise<number> {
  const origin = await pausedPlace(positions, stage, partition);
  await positions.park(stage, partition, origin);
  return origin;
}
