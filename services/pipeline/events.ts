import { errorFields, type Log } from './log.ts';
import type { Metrics } from './metrics.ts';

interface EventKind {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  /** Which counter it moves, and the value of its label `kind` (the event's own name when absent). */
  readonly counter: 'outcomes' | 'retries' | 'alarms' | 'lies' | 'moves';
  readonly message: string;
}

/** Everything the corridor tells: a log line and a metric, always together. */
export const EVENTS = {
  judged: { level: 'debug', counter: 'outcomes', message: 'records judged' },
  retry: { level: 'warn', counter: 'retries', message: 'failed for now, trying again' },
  gap: {
    level: 'error',
    counter: 'alarms',
    message: 'origins are missing in the input; the record is discarded until they come',
  },
  behind: { level: 'error', counter: 'alarms', message: 'upstream says more than the input holds' },
  repaired: { level: 'warn', counter: 'alarms', message: "upstream's mark was lowered; it emits again" },
  'repair-late': {
    level: 'error',
    counter: 'alarms',
    message: 'a repair reaches back over more than half of the retention of `received`',
  },
  'crash-loop': {
    level: 'error',
    counter: 'alarms',
    message: 'the partition is paused: it crashed three times at this place; see `ddc dlq resume` and `ddc dlq park`',
  },
  trimmed: {
    level: 'error',
    counter: 'alarms',
    message: 'the partition is paused: the input no longer holds what it reads next; see `ddc repair --skip-trimmed`',
  },
  crash: { level: 'error', counter: 'alarms', message: 'a bug: nothing is written, the process exits' },
  fatal: { level: 'error', counter: 'alarms', message: 'going on would break a promise: the process exits' },
  'kek-missing': {
    level: 'error',
    counter: 'alarms',
    message: 'roots are wrapped with a key-encryption key that is gone: nothing opens them until its line is back',
  },
  unreadable: {
    level: 'error',
    counter: 'alarms',
    message:
      'what can never be read was passed over in a page of events, or ended the download of a blob; the error names the first',
  },
  unwritten: {
    level: 'error',
    counter: 'alarms',
    message: 'lines of the audit log could not be written: a megabyte of them waits in memory, later ones are lost',
  },
  'dead-letter': { level: 'error', counter: 'alarms', message: 'a record was copied to the dead letters and voided' },
  lie: { level: 'debug', counter: 'lies', message: 'injected: a send that resolves and writes nothing' },
  assigned: { level: 'info', counter: 'moves', message: 'partition assigned' },
  revoked: { level: 'info', counter: 'moves', message: 'partition given up' },
  reloaded: { level: 'info', counter: 'moves', message: 'the row was moved by another hand; reading again from it' },
  'seek-back': { level: 'warn', counter: 'moves', message: 'another offset than `next` arrived; seeking back' },
} as const satisfies Record<string, EventKind>;

export type EventName = keyof typeof EVENTS;
export type GaugeName = 'lag' | 'inHand' | 'mark' | 'next';

export interface EventDetail {
  readonly partition: number;
  /** Label of the counter instead of the event's name, for example the outcome. From a small fixed set. */
  readonly kind?: string;
  /** How many; 1 when absent. */
  readonly count?: number;
  readonly error?: unknown;
  readonly attempt?: number;
  readonly code?: string;
  readonly crashes?: number;
  /** Places: offsets of the input, and of `received`. */
  readonly offset?: number;
  readonly end?: number;
  readonly origin?: number | null;
  readonly mark?: number;
  readonly next?: number;
  readonly upstream?: string;
  readonly theirs?: number;
  readonly mine?: number;
}

/** What the corridor tells the outside. Log line and metric are emitted together as one named event. */
export interface Signals {
  emit(name: EventName, detail: EventDetail): void;
  gauge(name: GaugeName, partition: number, value: number): void;
}

export function createSignals(log: Log, metrics: Metrics): Signals {
  const labels = ['kind', 'partition'];
  const counters = {
    outcomes: metrics.counter('ddc_outcomes_total', 'Records judged, by outcome.', labels),
    retries: metrics.counter('ddc_retries_total', 'Attempts that failed for now, by operation.', labels),
    alarms: metrics.counter('ddc_alarms_total', 'What an operator should look at.', labels),
    lies: metrics.counter('ddc_injected_lies_total', 'Sends that a fault test made resolve without writing.', labels),
    moves: metrics.counter('ddc_lane_moves_total', 'Assignments, revocations, reloads and seeks.', labels),
  };
  const gauges = {
    lag: metrics.gauge('ddc_lag', 'Records in the input beyond the row.', ['partition']),
    inHand: metrics.gauge('ddc_in_hand', 'Inputs read and not yet in the row.', ['partition']),
    mark: metrics.gauge('ddc_mark', 'Last `received` offset whose output or effect is acknowledged.', ['partition']),
    next: metrics.gauge('ddc_next', 'Next input offset of the row.', ['partition']),
  };
  return {
    emit(name, { kind, count = 1, error, ...fields }) {
      const event = EVENTS[name];
      const why = error === undefined ? {} : { error: errorFields(error) };
      log[event.level](
        { event: name, ...(kind ? { kind } : {}), ...(count === 1 ? {} : { count }), ...fields, ...why },
        event.message,
      );
      counters[event.counter].inc({ kind: kind ?? name, partition: String(fields.partition) }, count);
    },
    gauge: (name, partition, value) => gauges[name].set({ partition: String(partition) }, value),
  };
}

/** For tests that do not look at them. */
export const NO_SIGNALS: Signals = { emit: () => undefined, gauge: () => undefined };
