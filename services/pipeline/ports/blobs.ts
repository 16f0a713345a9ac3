import type { Owner } from './vault.ts';

/** One attempt to upload a blob. Written before anything is stored, so that nothing is ever pinned without a row. */
export interface BlobAttempt extends Owner {
  /** 16 random bytes: the blob's own, which its key is made of. Never used for other content. */
  readonly id: Uint8Array;
  /** 16 bytes, of whoever uploads: at most one attempt with it is finished. */
  readonly upload: Uint8Array;
  readonly scope: string;
  readonly epoch: number;
  readonly rootVersion: number;
  /** Name of the cluster that keeps it. */
  readonly cluster: string;
}

/** A blob that was finished. */
export interface Blob extends BlobAttempt {
  /** CIDv1 of its top, base32. */
  readonly cid: string;
  /** Bytes of plaintext. */
  readonly size: number;
  /** `gone`: it was unpinned, or is about to be. */
  readonly state: 'live' | 'gone';
}

/** An event that names a blob. */
export interface BlobReference {
  readonly cid: string;
  readonly eventId: string;
  /** Of the event, milliseconds since the epoch. */
  readonly time: number;
  readonly session: string | null;
}

/** The same as it is kept: of a session only the mark. */
export interface KeptReference {
  readonly batchId: Uint8Array;
  readonly eventId: string;
  readonly time: number;
  readonly session: { readonly mark: string } | null;
  /** Of the batch, milliseconds since the epoch. */
  readonly issuedAt: number;
}

/** A live blob that batches have named. */
export interface NamedBlob extends Owner {
  readonly id: Uint8Array;
  /** How often. */
  readonly refs: number;
}

/** A batch whose events name blobs. */
export interface ReferringBatch extends Owner {
  readonly batchId: Uint8Array;
  /** Milliseconds since the epoch. */
  readonly issuedAt: number;
  readonly blobs: readonly BlobReference[];
}

/** A blob that is to be unpinned. */
export interface DoomedBlob {
  readonly id: Uint8Array;
  readonly cluster: string;
  readonly cid: string;
}

/** How long a finished blob is kept that no event names. Milliseconds. */
export const UNREFERENCED_MS = 86_400_000;
/** An upload that has not ended after so long is that of a process that died. Milliseconds; no upload may take longer. */
export const UPLOAD_MS = 3_600_000;

/** Blobs, what names them, and how far each upload is. Times are arguments, in milliseconds since the epoch. */
export interface Blobs {
  begin(attempt: BlobAttempt, now: number): Promise<void>;
  /** Written before the pin is asked for. @returns false when the attempt was given up meanwhile: nothing may be pinned then */
  pinning(id: Uint8Array, blob: { readonly cid: string; readonly size: number }): Promise<boolean>;
  /**
   * The pin is there: the blob counts from now on.
   * @returns `taken`: another attempt of this upload was first; `gone`: given up, or its owner was erased. Both will be unpinned.
   */
  finish(id: Uint8Array, now: number): Promise<'live' | 'taken' | 'gone'>;
  /** Gives an attempt up that is not finished. What may be pinned of it will be unpinned. */
  abandon(id: Uint8Array): Promise<void>;
  /** The live blob of an upload, or null. */
  ofUpload(owner: Owner, upload: Uint8Array): Promise<Blob | null>;
  /** A blob that was finished. */
  find(owner: Owner, cid: string): Promise<Blob | null>;
  /**
   * Remembers what a batch names, of live blobs of its owner; all others are nothing to us. Idempotent. Call it before the batch is
   * accepted: a blob whose reference got lost would be lost, one that is kept in vain is not.
   */
  refer(batch: ReferringBatch): Promise<void>;
  /** What names a blob, in one order. @param after the last of the page before */
  references(
    id: Uint8Array,
    limit: number,
    after?: Pick<KeptReference, 'batchId' | 'eventId'>,
  ): Promise<KeptReference[]>;
  /** Live blobs that batches have named, by id; those whose owner has removed nothing may be left out. @param after the last of the page before */
  named(limit: number, after?: Uint8Array): Promise<NamedBlob[]>;
  /** Gives up a blob whose every event was removed. @param refs as judged by: where another batch came since, nothing is done */
  remove(id: Uint8Array, refs: number): Promise<void>;
  /** Erased: everything of these roots is given up. @returns how many */
  erase(owner: Owner, rootVersions: readonly number[]): Promise<number>;
  /** Gives up what nothing names for `UNREFERENCED_MS`, and attempts older than `UPLOAD_MS`. @returns how many */
  expire(now: number): Promise<number>;
  /** Blobs that were given up and may still be pinned. */
  doomed(limit: number): Promise<DoomedBlob[]>;
  /** They are not pinned any more. */
  unpinned(ids: readonly Uint8Array[]): Promise<void>;
}
