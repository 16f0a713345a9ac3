/** An object as a listing shows it. Names are relative to the export's prefix. */
export interface Listed {
  readonly name: string;
  readonly bytes: number;
  /** When it was written, by the store's clock, milliseconds. */
  readonly time: number;
}

/** What was read, and which version of it that was. */
export interface Read {
  readonly text: string;
  readonly version: string;
}

/** What an export needs of an object store: one name is changed in one step, and there is no way to change two. */
export interface ObjectStore {
  /** Where it is, as people write it: `s3://bucket/prefix`. */
  readonly address: string;
  /** Compare-and-set: writes unless the name is taken. @returns whether this text is what stands there */
  create(name: string, text: string): Promise<boolean>;
  /** Compare-and-set: writes if what stands there is still `version`; null: if nothing does. */
  replace(name: string, text: string, version: string | null): Promise<boolean>;
  /** Null where there is nothing. @param known what was read before: the same is returned while it still stands there */
  read(name: string, known?: Read): Promise<Read | null>;
  /** Writes a local file, in parts when it is large. */
  upload(path: string, name: string): Promise<void>;
  /** @returns false where there is nothing */
  download(name: string, path: string): Promise<boolean>;
  /** @param over whether what stands at `to` is replaced; otherwise it is left as it is. @returns false when `from` is gone */
  copy(from: string, to: string, over: boolean): Promise<boolean>;
  /** Those that are gone already are passed over. */
  remove(names: readonly string[]): Promise<void>;
  /** All below a prefix, sorted by name. */
  list(prefix: string): Promise<Listed[]>;
  /** Names of the folders directly below a prefix, which is empty or ends with a slash; without slashes. */
  folders(prefix: string): Promise<string[]>;
  /** Prefixed names of uploads in parts that were not ended. */
  unfinished(prefix: string): Promise<{ readonly name: string; readonly id: string }[]>;
  abort(upload: { readonly name: string; readonly id: string }): Promise<void>;
  /** Whether the store keeps what is overwritten or deleted, or has kept some of it; `untold`: these keys may not ask. */
  versions(): Promise<'kept' | 'none' | 'untold'>;
  /** The store's clock as its last answer told it, milliseconds; 0 before the first. */
  now(): number;
  close(): void;
}
