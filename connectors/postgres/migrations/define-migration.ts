/** One step of the database's shape. Never changed once released: a later file changes what an earlier one made. */
export interface Migration {
  /** The file's name without `.ts`, for example `001-positions`. */
  readonly name: string;
  /** SQL, one or more statements separated by `;`. Runs inside the transaction that records it. */
  readonly sql: string;
}

export function defineMigration(name: string, sql: string): Migration {
  return { name, sql };
}
