import type { DeadLetter, Received } from '../../schemas/index.ts';
import { type Accepted, type Buffered, eachOrRetry, tryDecode } from './accepted.ts';
import { deadLetterOf, lookUpOriginal, originalOf } from './dead-letter.ts';
import type { Signals } from './events.ts';
import { dlq, type Outcome } from './outcome.ts';
import type { Codec } from './ports/codec.ts';
import type { LogLookup, OutgoingRecord } from './ports/log.ts';
import { ORIGIN, retryOf } from './rules/origin.ts';
import type { Rules } from './rules/rules.ts';
import { type Head, voidOf } from './void.ts';

/** What makes a stage: its topics, its codecs and the one thing it does. */
export interface StagePlan<I extends Head, O> {
  readonly stage: 'encryptor' | 'pinner';
  /** Full names, prefix included. */
  readonly topics: {
    readonly received: string;
    readonly input: string;
    readonly output: string;
    readonly dead: string;
  };
  readonly codecs: {
    readonly received: Codec<Received>;
    readonly input: Codec<I>;
    /** A void of `Encrypted` shape is a legal `O`. */
    readonly output: Codec<O>;
    readonly dead: Codec<DeadLetter>;
  };
  /**
   * One call for a flush; one outcome per input, in order. Voids of the input never come here: they are passed on.
   * Must be safe to repeat for the same inputs.
   * @throws RetriableError to be called again with the same inputs; anything else is a bug
   */
  transform(accepted: readonly Accepted<I>[], partition: number): Promise<readonly Outcome<O>[]>;
}

export interface FlushEdges {
  readonly lookup: LogLookup;
  readonly signals: Signals;
  readonly rules: Rules;
}

/** What one flush sends: dead letters first, then the outputs. */
export interface Sendable {
  readonly dead: OutgoingRecord[];
  readonly outputs: OutgoingRecord[];
}

interface Item<I> {
  readonly from: Buffered;
  readonly value: I | null;
  outcome: Outcome<unknown> | null;
}

/** Stands for an accepted record that an operator parked. */
class ParkedError extends Error {
  readonly code = 'parked';
  constructor(offset: number) {
    super(`An operator parked the record at offset ${offset} after repeated crashes.`);
    this.name = 'ParkedError';
  }
}

/**
 * Turns a flush of accepted inputs into exactly one output each: the record or a void, in order, with header `origin`.
 * @param voidFirst the first input was parked: it becomes `void dead` without being looked at
 */
export async function prepareFlush<I extends Head, O>(
  plan: StagePlan<I, O>,
  edges: FlushEdges,
  partition: number,
  buffered: readonly Buffered[],
  voidFirst: boolean,
): Promise<Sendable> {
  const items = eachOrRetry(buffered, (from, i): Item<I> => {
    if (i === 0 && voidFirst) return { from, value: null, outcome: dlq('parked', new ParkedError(from.record.offset)) };
    const { value, error } = tryDecode(plan.codecs.input, from.record);
    return { from, value, outcome: value === null ? dlq('undecodable', error) : null };
  });

  const asked = items.filter((item) => item.outcome === null && item.value !== null && !item.value.reason);
  const accepted = asked.map(({ from, value }) => ({
    origin: from.origin,
    value: value as I,
    record: from.record,
    retryOf: plan.stage === 'encryptor' ? retryOf(from.record) : null,
  }));
  const outcomes = accepted.length === 0 ? [] : await plan.transform(accepted, partition);
  if (outcomes.length !== accepted.length) {
    throw new Error(`The ${plan.stage}'s step answered ${outcomes.length} outcomes for ${accepted.length} inputs.`);
  }
  asked.forEach((item, i) => {
    item.outcome = outcomes[i] ?? null;
  });

  const dead: OutgoingRecord[] = [];
  const outputs: OutgoingRecord[] = [];
  const counts = new Map<string, number>();
  for (const { from, value, outcome } of items) {
    const { key } = from.record;
    const headers = { [ORIGIN]: String(from.origin) };
    const count = (kind: string) => counts.set(kind, (counts.get(kind) ?? 0) + 1);
    const pushVoid = (head: Head, out: Exclude<Outcome<unknown>, { kind: 'ok' }>) => {
      const reason = out.kind === 'drop' ? out.reason : 'dead';
      count(`void ${reason}`);
      if (edges.rules.output)
        outputs.push({ key, value: plan.codecs.output.encode(voidOf(head, reason, out.sender) as O), headers });
    };
    if (outcome === null) {
      count('void passed on');
      if (edges.rules.output) outputs.push({ key, value: plan.codecs.output.encode(value as unknown as O), headers });
    } else if (outcome.kind === 'ok') {
      count('ok');
      outputs.push({ key, value: plan.codecs.output.encode(outcome.value as O), headers });
    } else if (outcome.kind === 'drop') {
      pushVoid(value as I, outcome);
    } else {
      const original =
        plan.stage === 'encryptor'
          ? originalOf(from.record, plan.codecs.received)
          : await lookUpOriginal(edges.lookup, plan.topics.received, partition, from.origin, key, plan.codecs.received);
      const letter = deadLetterOf(original, from.origin, plan.stage, outcome.code, outcome.cause);
      dead.push({ key, value: plan.codecs.dead.encode(letter), headers });
      edges.signals.emit('dead-letter', { partition, origin: from.origin, code: outcome.code, error: outcome.cause });
      pushVoid(value ?? original, outcome);
    }
  }
  for (const [kind, count] of counts) edges.signals.emit('judged', { partition, kind, count });
  return { dead, outputs };
}
