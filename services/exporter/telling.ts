import type { Log } from '../pipeline/log.ts';
import type { ExportNote } from '../pipeline/ports/exports.ts';
import type { DeliveryCount } from './deliver.ts';
import type { RowMakersEdges } from './row-makers-of.ts';
import { changedText } from './words.ts';

export interface TellingEdges {
  readonly log: Pick<Log, 'info' | 'warn' | 'error'>;
  /** Moves the metric. */
  counted(kind: DeliveryCount, n: number): void;
  /** Of a declared export. */
  note(code: ExportNote['code'], message: string, count?: number): void;
  /** The schema registry does not answer. */
  onStale(error: unknown): void;
}

/** What happens in an export and keeps nothing from going on, told wherever somebody looks: log, metric and status. */
export function telling({ log, counted, note, onStale }: TellingEdges): Required<
  Omit<RowMakersEdges, 'schemas' | 'now'>
> & {
  count(kind: DeliveryCount, n: number, last?: string): void;
} {
  return {
    onUnusable(type, { version, problems }) {
      const text = 'a version of a schema cannot be used: the one before it goes on being used';
      log.error({ type, version, problems: problems.map((problem) => ({ ...problem })) }, text);
      note('schema_unusable', `${type}, version ${version}: ${text}`);
    },
    onChanged(type, before, now) {
      const text = changedText(type, before, now);
      log.info({ type, before, now }, text);
      note('schema_changed', text);
    },
    onStale(error) {
      onStale(error);
      const why = error instanceof Error ? error.message : String(error);
      note('registry_stale', `what is known of schemas goes on being used: ${why}`);
    },
    count(kind, n, last = '') {
      counted(kind, n);
      if (kind === 'rejected') {
        log.warn({ rows: n }, 'rows did not fit their schema: see `_rejected`');
        note('rows_rejected', last, n);
      } else if (kind === 'mismatch') {
        log.warn({ kind, batches: n }, 'batches were not exported');
        note('batches_refused', last, n);
      } else if (kind === 'no_key') log.warn({ kind, batches: n }, 'batches were not exported');
    },
  };
}
