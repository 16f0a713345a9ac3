import type { KafkaLog } from './client.ts';
import { withDeadline } from './deadline.ts';

const REPORT_EVERY_MS = 3_000;
const COMMIT_DEADLINE_MS = 2_000;

export interface ProgressOptions {
  readonly log: KafkaLog;
  commit(offsets: [partition: number, next: number][]): Promise<void>;
}

/** Committed offsets only show lag: at most one commit every few seconds, and a failed one is logged and forgotten. */
export class ProgressReports {
  readonly #options: ProgressOptions;
  readonly #noted = new Map<number, number>();
  #timer: NodeJS.Timeout | null = null;

  constructor(options: ProgressOptions) {
    this.#options = options;
  }

  note(partition: number, next: number): void {
    this.#noted.set(partition, next);
    this.#timer ??= setTimeout(() => void this.flush(), REPORT_EVERY_MS).unref();
  }

  async flush(): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#noted.size === 0) return;
    const offsets = [...this.#noted];
    this.#noted.clear();
    try {
      await withDeadline(this.#options.commit(offsets), COMMIT_DEADLINE_MS, 'committing offsets');
    } catch (error) {
      this.#options.log.warn({ err: error }, 'progress was not shown to Kafka');
    }
  }
}
