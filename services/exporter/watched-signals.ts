import { EVENTS, type EventName, type Signals } from '../pipeline/events.ts';
import { codeOf, type StatusBook } from './status-book.ts';

/** Of what the corridor tells, what somebody who looks at the export's status should read. */
const TROUBLES: ReadonlySet<EventName> = new Set(['retry', 'gap', 'crash', 'crash-loop', 'trimmed', 'fatal']);

/** Signals that also write into the status what keeps the export from going on. */
export const watchedSignals = (signals: Signals, book: Pick<StatusBook, 'failed'>): Signals => ({
  ...signals,
  emit(name, detail) {
    signals.emit(name, detail);
    if (!TROUBLES.has(name)) return;
    const trouble = { code: codeFor(name, detail.error), message: textOf(name, detail) };
    book.failed(detail.partition, trouble, name === 'retry' && detail.kind !== 'apply');
  },
});

const codeFor = (name: EventName, error: unknown): string => (name === 'crash-loop' ? name : (codeOf(error) ?? name));

function textOf(name: EventName, { error, kind, origin }: Parameters<Signals['emit']>[1]): string {
  const why = error instanceof Error ? error.message : error === undefined ? '' : String(error);
  if (name === 'retry') return `${kind}: ${why}`;
  const where = typeof origin === 'number' ? `at origin ${origin}: ` : '';
  return [`${where}${EVENTS[name].message}`, why].filter((text) => text !== '').join(': ');
}
