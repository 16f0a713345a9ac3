import type { Consent, Epochs, VerifiedRequest } from '../../../protocol/index.ts';
import type { Selector } from '../rules/removal.ts';
import type { TokenRevocation } from './token-revocations.ts';
import type { Owner } from './vault.ts';

/** JSON that an accepted request is answered with, the first time and every later time. */
export type RequestAnswer = Readonly<Record<string, unknown>>;

/** A root as the owner's row has it. */
export interface RootState {
  readonly rootVersion: number;
  readonly mode: 'service' | 'client';
  readonly epoch: number;
  /** It was overwritten by an erasure. */
  readonly erased: boolean;
}

/** What a request may do, inside the one transaction that also remembers it. */
/** What is kept of an owner's removals of single events. */
export interface KeptOfRemovals {
  /** Ranges that count: one within a later one counts no more. */
  readonly ranges: number;
  /** Events and sessions, each once; beyond `MOST_COUNTED` they are not counted on. */
  readonly names: number;
  /** Removals that are not done, or wait for exports; counted up to `MOST_COUNTED`. */
  readonly open: number;
}

/** Beyond any bound there is. */
export const MOST_COUNTED = 100_001;

export interface RequestEffects {
  /** What the owner has signed about readers and still counts (`Consents.of`), this request included. */
  consent(): Promise<Consent>;
  /** Id (hex) of the owner's policy that was signed last, ended or not: an earlier one must not come (back). null: there is none. */
  newestPolicy(): Promise<string | null>;
  /** Whether the owner has signed a grant or policy with this id (16 bytes), ended or not. */
  knows(id: Uint8Array): Promise<boolean>;
  /** The newest root of the owner, or null before the first. Locks it until the transaction ends. */
  root(): Promise<RootState | null>;
  epochs(): Promise<Epochs>;
  /** Stores what `rekey` answered. */
  setEpochs(epochs: Epochs): Promise<void>;
  /** A new root version in service mode. @returns its version and its subject (32 bytes) */
  newServiceRoot(epoch: number): Promise<{ rootVersion: number; subject: Uint8Array }>;
  /** The root that `Vault.prepare` made becomes the newest, in service mode. @returns false when it is not waiting any more */
  activate(rootVersion: number, epoch: number): Promise<boolean>;
  /** Whether a root of anyone in this app is in client mode under this subject, or the index knows the subject. */
  subjectTaken(subject: Uint8Array): Promise<boolean>;
  /** Whether another wallet has registered a certificate for this X25519 key, ended ones included. Nobody else registers it meanwhile. */
  keyOfAnother(x25519: Uint8Array): Promise<boolean>;
  /** A new root version in client mode: it only opens the transit seal. */
  newClientRoot(subject: Uint8Array, epoch: number): Promise<number>;
  /**
   * Step 1 of an erasure: the removal's row with an infinite fence, every root of the owner overwritten, and what the owner had signed
   * about readers forgotten, with the keys that were answered. @returns the root versions overwritten
   */
  erase(): Promise<readonly number[]>;
  /**
   * The removal's row, with what it selects: from the commit on every reader leaves those events out.
   * @returns what is kept of the owner's removals now
   */
  remove(selector: Selector): Promise<KeptOfRemovals>;
  /**
   * Keeps what the wallet writes from now on, in every app, in this cluster.
   * @returns false, and changes nothing, when it is in another cluster and has keys in some app: there may be data in the other one
   */
  associate(cluster: string): Promise<boolean>;
  /**
   * Puts a token on the list of revoked ones; one that is there stays for the longer of both times.
   * @returns how many tokens of this author are on the list, those included that are over and not forgotten yet
   */
  disown(revocation: TokenRevocation): Promise<{ readonly ofAuthor: number }>;
  /** The last erasure of this owner, or null. */
  lastErasure(): Promise<{ id: Uint8Array; issuedAt: number; fence: number | null } | null>;
}

/** Every signed request that was accepted, and what it did. */
export interface Requests {
  /**
   * Once per (app, wallet, id): runs `effect` and stores request and answer in one transaction.
   * @returns the answer; of a request that was accepted before, its first
   * @throws RequestClash when the id was used for other bytes; RequestForgotten when an erasure came after it; whatever `effect` throws, with nothing stored.
   */
  once(request: VerifiedRequest, effect: (effects: RequestEffects) => Promise<RequestAnswer>): Promise<RequestAnswer>;
  /** What the same request was answered before, or null. @throws RequestClash, RequestForgotten */
  find(request: VerifiedRequest): Promise<RequestAnswer | null>;
  /**
   * Grants and policies of an owner, newest first: by `issuedAt`, then by id. Page by page each comes once, whatever is signed meanwhile;
   * a page costs what is on it, not what the owner has signed in a lifetime. @param page.after where the last one of the page before stands
   */
  list(owner: Owner, page: { after?: RequestPlace; limit: number }): Promise<ListedRequest[]>;
}

/** Where a request stands among those of its owner. */
export type RequestPlace = Pick<VerifiedRequest, 'issuedAt' | 'id'>;

/** A grant or policy, and what became of it. */
export interface ListedRequest {
  readonly request: VerifiedRequest<'grant'> | VerifiedRequest<'policy'>;
  readonly revoked: boolean;
  /** A policy that is not the newest any more. */
  readonly replaced: boolean;
}

/** It was accepted before an erasure, which made us forget what it was answered: an answer may hold sealed keys. */
export class RequestForgotten extends Error {
  readonly code = 'older_than_erasure';
  constructor() {
    super('this request was accepted before an erasure');
    this.name = 'RequestForgotten';
  }
}

/** The id was used before, for other bytes. */
export class RequestClash extends Error {
  readonly code = 'request_clash';
  constructor() {
    super('this request id was used before, for other bytes');
    this.name = 'RequestClash';
  }
}
