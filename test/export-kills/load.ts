import { setTimeout as pause } from 'node:timers/promises';
import { createAppSchemas } from '../../connectors/registry/index.ts';
import type { ExportRow } from '../../services/pipeline/ports/sink.ts';
import { REJECTED_COLUMNS, REJECTED_TABLE, type Table } from '../../services/pipeline/ports/table.ts';
import { addSchema } from '../../services/pipeline/typed/add-schema.ts';
import { typedTable } from '../../services/pipeline/typed/typed-table.ts';
import { TABLE } from '../support/pinned-batches.ts';
import type { PinnedLog } from '../support/pinned-log.ts';

const TYPE = 'PURCHASE';
const SCHEMA = JSON.stringify({
  type: 'record',
  name: 'Purchase',
  fields: [
    { name: 'amount', type: 'string', 'ddc.scope': 'purchase' },
    { name: 'note', type: 'string', 'ddc.scope': 'purchase' },
    { name: 'name', type: ['null', 'string'], default: null, 'ddc.scope': 'profile' },
  ],
});

export interface LoadRate {
  /** Of each time. */
  readonly batches: number;
  readonly events: number;
  /** Milliseconds between two times. */
  readonly everyMs: number;
}

/** Batches at a steady rate until it is stopped; remembers every row that has to be shown in the end. */
export class Load {
  /** Of all that was sent, as text: what a type without a schema would give. */
  readonly #rows: ExportRow[] = [];
  readonly #erased = new Set<string>();
  readonly #removed = new Set<string>();
  readonly #log: PinnedLog;
  readonly #rate: LoadRate;
  /** What targets hold: a type with a schema, types without, and what must not be. */
  tables: readonly Table[] = [];
  #stopped = false;

  constructor(log: PinnedLog, rate: LoadRate) {
    this.#log = log;
    this.#rate = rate;
  }

  /** One of the types gets a schema: rows are of two tables. */
  async prepare(): Promise<void> {
    const { app, prefix } = this.#log;
    const schemas = createAppSchemas({ url: process.env.SCHEMA_REGISTRY_URL ?? '', prefix });
    const { latest } = typedTable([await addSchema(schemas, app, TYPE, SCHEMA)]);
    if (!latest) throw new Error('its own schema cannot be used');
    this.tables = [latest.table, TABLE, { name: REJECTED_TABLE, version: 0, columns: REJECTED_COLUMNS }];
  }

  async run(): Promise<void> {
    const { batches, events, everyMs } = this.#rate;
    for (let due = performance.now(); !this.#stopped; due += everyMs) {
      this.#rows.push(...(await this.#log.feed(batches, events)));
      const rest = due + everyMs - performance.now();
      if (rest > 0) await pause(rest);
      else due = performance.now() - everyMs;
    }
  }

  stop(): void {
    this.#stopped = true;
  }

  /** A wallet long since delivered and one that is on its way are erased, and an event of each of two others removed. */
  async takeSomeBack(): Promise<void> {
    const [old, fresh] = [this.#rows.slice(0, this.#rows.length / 2), this.#rows.slice(this.#rows.length / 2)];
    const untouched = ({ wallet }: ExportRow) => !this.#erased.has(wallet);
    for (const row of [old.find(untouched), fresh.findLast(untouched)]) {
      if (!row) continue;
      this.#erased.add(row.wallet);
      await this.#log.erase(row.wallet, row.partition);
    }
    for (const row of [old.findLast(untouched), fresh.find(untouched)]) {
      if (!row) continue;
      this.#removed.add(row.eventId);
      await this.#log.remove(row.wallet, [row.eventId]);
    }
  }

  /** How many were sent. */
  get sent(): number {
    return this.#rows.length;
  }

  get takenBack(): number {
    return this.#erased.size + this.#removed.size;
  }

  /** Rows that must be shown. */
  expected(): ExportRow[] {
    return this.#rows
      .filter(({ wallet, eventId }) => !this.#erased.has(wallet) && !this.#removed.has(eventId))
      .map((row) => (row.type === TYPE ? this.#typed(row) : row));
  }

  /** Rows that were shown, or would have been, and must not be any more: by event id. */
  gone(): ReadonlySet<string> {
    const gone = this.#rows.filter(({ wallet, eventId }) => this.#erased.has(wallet) || this.#removed.has(eventId));
    return new Set(gone.map(({ eventId }) => eventId));
  }

  #typed(row: ExportRow): ExportRow {
    const { scope_purchase: purchase, scope_profile: profile } = row.values;
    const [table] = this.tables as [Table];
    const values = { ...JSON.parse(String(purchase)), name: null, extra: null };
    return { ...row, table, values: profile ? { ...values, ...JSON.parse(String(profile)) } : values };
  }
}
