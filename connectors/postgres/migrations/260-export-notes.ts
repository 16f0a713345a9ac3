import { defineMigration } from './define-migration.ts';

export interface ExportNotesTable {
  export: number;
  code: string;
  message: string;
  count: number;
  /** Milliseconds since the epoch. */
  at: number;
}

/** What happened to an export and kept nothing from going on: a row a kind. */
export default defineMigration(
  '260-export-notes',
  `
  CREATE TABLE export_notes (
    export bigint NOT NULL REFERENCES declared_exports ON DELETE CASCADE,
    code text NOT NULL,
    message text NOT NULL,
    count bigint NOT NULL,
    at bigint NOT NULL,
    PRIMARY KEY (export, code)
  );
  `,
);
