import { toHex, type VerifiedRequest } from '../../protocol/index.ts';
import type { LoggedAccess } from '../../services/pipeline/ports/consents.ts';
import type { RequestAnswer } from '../../services/pipeline/ports/requests.ts';
import type { TokenRevocation } from '../../services/pipeline/ports/token-revocations.ts';
import type { Owner } from '../../services/pipeline/ports/vault.ts';
import type { Selecting } from '../../services/pipeline/rules/removal.ts';
import type { VersionedRoot } from './store.ts';

export interface MemoryRoot extends VersionedRoot {
  readonly prepared: boolean;
}

export interface MemoryRequest {
  readonly request: VerifiedRequest;
  readonly answer: RequestAnswer;
  readonly answered: boolean;
  /** An erasure made us forget what it said. */
  readonly forgotten: boolean;
}

export interface MemoryErasure extends Owner {
  readonly id: Uint8Array;
  readonly issuedAt: number;
  readonly fence: number | null;
  readonly rootVersions: readonly number[];
}

/** A removal of single events. */
export interface MemoryRemove extends Owner, Selecting {
  readonly id: Uint8Array;
  /** From the log of removals. */
  readonly taken?: boolean;
  /** Its receipt is out and no export pending. */
  readonly done?: boolean;
}

/** The tables that the memory twins of vault, consents and requests share, as their real ends share a database. */
export interface KeyTables {
  /** By owner, in order of versions. */
  readonly roots: Map<string, MemoryRoot[]>;
  /** By owner, then by id. */
  readonly requests: Map<string, Map<string, MemoryRequest>>;
  readonly accesses: Map<string, LoggedAccess>;
  readonly erasures: MemoryErasure[];
  /** By author and token. */
  readonly disowned: Map<string, TokenRevocation>;
  readonly removals: MemoryRemove[];
  /** Wallet in hex → cluster. */
  readonly clusters: Map<string, string>;
}

export const memoryKeyTables = (): KeyTables => ({
  roots: new Map(),
  requests: new Map(),
  accesses: new Map(),
  erasures: [],
  disowned: new Map(),
  removals: [],
  clusters: new Map(),
});

/** (app, wallet) as a key of these maps. */
export const ownerName = ({ app, wallet }: Owner): string => toHex(app) + toHex(wallet);

/** What an erasure makes us forget: nothing that was allowed before may open what a re-opened wallet writes. */
export function forgetMemoryConsent(tables: KeyTables, owner: Owner): void {
  const byId = tables.requests.get(ownerName(owner));
  for (const [id, one] of byId ?? []) {
    const { kind } = one.request;
    if (kind === 'grant' || kind === 'policy' || kind === 'revoke' || kind === 'keys')
      byId?.set(id, { ...one, answer: {}, forgotten: true });
  }
}

/** What the owner has signed, as far as it is known. */
export const requestsOf = (tables: KeyTables, owner: Owner): MemoryRequest[] => [
  ...(tables.requests.get(ownerName(owner))?.values() ?? []),
];
