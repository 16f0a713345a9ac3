/** A version of the schema of an app's event type, as it is registered. */
export interface AppSchema {
  /** Lower-case hex. */
  readonly app: string;
  readonly type: string;
  /** Within its type, from 1 on. */
  readonly version: number;
  /** The text of its Avro schema. */
  readonly text: string;
}

/** What apps have said of their events. Every call throws RetriableError `registry_unavailable` while the registry does not answer. */
export interface AppSchemas {
  /** Types of the app that have a schema, sorted. */
  types(app: string): Promise<readonly string[]>;
  /** Every version of a type, the earliest first; none when it has no schema. */
  versions(app: string, type: string): Promise<readonly AppSchema[]>;
  /**
   * Registers a version; the same schema again is the version that there is.
   * @throws FatalError `schema_incompatible` when data of the versions before could not be read with it, or the other way round;
   *   `schema_refused` when it is no Avro schema
   */
  add(app: string, type: string, text: string): Promise<AppSchema>;
}
