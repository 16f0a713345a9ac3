import type { Position } from './positions.ts';

/** `running`: a process is wanted. `paused`: none, the position stays. `ending`: none, and it is forgotten once its group is empty. */
export type ExportState = 'running' | 'paused' | 'ending';

/** Who declared an export, which says whose secrets it may name: the operator, the app, or the wallet of a partner (hex). */
export type DeclaredBy = 'operator' | 'app' | `wallet:${string}`;

/** What an export is: what it takes, and where it goes. Never changes; another one is another export. */
export interface ExportDeclaration {
  readonly name: string;
  /** 32 bytes. */
  readonly app: Uint8Array;
  /** Event types; null: all. */
  readonly types: readonly string[] | null;
  readonly scopes: readonly string[];
  /** Name of the sink, and its configuration: secrets are references in it. */
  readonly sink: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** `typed`: columns where the type has a schema. `text`: one text column a scope. */
  readonly schema: 'typed' | 'text';
  /** As it was said: `beginning`, `now`, or milliseconds since the epoch. */
  readonly from: 'beginning' | 'now' | number;
  /** What `from` came to: where each partition starts as long as the target has no position. Empty: at 0. */
  readonly starts: readonly Position[];
  readonly by: DeclaredBy;
}

/** A declaration with what became of it. */
export interface DeclaredExport extends ExportDeclaration {
  /** Another one for an export that was removed and declared again under its name. */
  readonly id: number;
  readonly state: ExportState;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

/** What went wrong last, in words. */
export interface ExportTrouble {
  readonly code: string;
  readonly message: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** What kind of thing happened that an operator should know of. */
export const NOTE_CODES = [
  'rows_rejected',
  'batches_refused',
  'schema_changed',
  'schema_unusable',
  'registry_stale',
] as const;

/** What happened to an export, of one kind, and kept nothing from going on: how often, and the last of it in words. */
export interface ExportNote extends Omit<ExportTrouble, 'code'> {
  readonly code: (typeof NOTE_CODES)[number];
  readonly count: number;
}

/** How far one partition of an export is, as its process said last. */
export interface PartitionStatus {
  readonly partition: number;
  readonly position: Position;
  /** Rows that the sink has taken. A process that is killed may not have said its last delivery. */
  readonly rows: number;
  /** When it said this. Milliseconds since the epoch. */
  readonly at: number;
  /** null once it delivers again. */
  readonly trouble: ExportTrouble | null;
}

/** What a process says of one partition; what is absent stays as it is. */
export interface StatusChange {
  readonly partition: number;
  readonly position?: Position;
  /** More of them. */
  readonly rows?: number;
  readonly trouble?: ExportTrouble | null;
}

/** What the supervisor says of an export's process. */
export interface ExportRun {
  /** `waiting`: it ended, and is started again after a pause. */
  readonly state: 'up' | 'waiting' | 'down';
  readonly starts: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Why it ended last; null while it never did. */
  readonly trouble: ExportTrouble | null;
}

export interface ExportStatus {
  readonly partitions: readonly PartitionStatus[];
  /** One of a kind at most, in the order of `NOTE_CODES`. */
  readonly notes: readonly ExportNote[];
  /** null: no supervisor has seen it. */
  readonly run: ExportRun | null;
}

/** At most so many exports of a deployment, those of all apps together. */
export const MOST_EXPORTS = 20;

/** A declaration that the store does not take. */
export class ExportRefused extends Error {
  readonly code: 'name_taken' | 'too_many_exports' | 'too_many_of_one' | 'too_many_attached';
  constructor(code: ExportRefused['code'], message: string) {
    super(message);
    this.name = 'ExportRefused';
    this.code = code;
  }
}

/** Declared exports, and how far they are. */
export interface Exports {
  /** @throws ExportRefused when the name is taken, or there are as many as there may be: see `exports/room-for.ts` */
  add(declaration: ExportDeclaration, state: 'running' | 'paused'): Promise<DeclaredExport>;
  find(name: string): Promise<DeclaredExport | null>;
  /** In the order of their names. @param app of this app alone */
  list(app?: Uint8Array): Promise<DeclaredExport[]>;
  /** One that is ending stays so. @returns what it is now; null when there is none */
  setState(id: number, state: ExportState): Promise<DeclaredExport | null>;
  /**
   * Forgets an export that is ending: declaration, status, crashes and, in the register that erasures ask, that it ever ran.
   * @returns false when it was not ending, or not there
   */
  forget(id: number): Promise<boolean>;
  /** One statement for all partitions of a process. Of an export that was forgotten it says nothing. @param at milliseconds since the epoch */
  report(id: number, changes: readonly StatusChange[], at: number): Promise<void>;
  reportRun(id: number, run: ExportRun): Promise<void>;
  /** Counts add up, and the last words count. @param notes one of a kind at most */
  note(id: number, notes: readonly ExportNote[]): Promise<void>;
  /** One for each id, in order. */
  status(ids: readonly number[]): Promise<ExportStatus[]>;
}
