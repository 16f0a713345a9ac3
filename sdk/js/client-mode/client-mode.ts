import {
  encodeNdjson,
  fromHex,
  type SignedBatch as ProtocolBatch,
  ProtocolError,
  readSegment,
  ready,
  type StoredBatch,
  toHex,
} from '../../../protocol/index.ts';
import type { Account } from '../account.ts';
import type { SignedBatch } from '../delivery.ts';
import { BatchRefused, RootNotHeld, RootsDestroyed, StoredBatchRefused } from '../errors.ts';
import type { RequestSettings, StoredPlace, WalletRequests } from '../wallet-requests.ts';
import type { KeyStore } from './key-store.ts';
import { type OwnBatch, openStored } from './open-stored.ts';
import { OwnRoots } from './own-roots.ts';
import { sealBatch } from './seal-batch.ts';

/** Gives the bytes of a block, from any IPFS node: they are compared with the CID. */
export type FetchBlock = (cid: string) => Promise<Uint8Array>;

/** One batch of the wallet, as its owner finds it. */
export type ReadBatch =
  | { readonly kind: 'opened'; readonly batch: OwnBatch }
  /** It does not hold what was signed. The others are not worse for it. */
  | { readonly kind: 'refused'; readonly batchId: string; readonly error: StoredBatchRefused }
  /** Under a root that this key store does not hold: the service's, or another store's. */
  | { readonly kind: 'other'; readonly batchId: string; readonly mode: 'service' | 'client' };

type Place = Pick<StoredPlace, 'batchId' | 'segment' | 'slot'>;

export interface ClientModeParts {
  readonly account: Account;
  readonly settings: RequestSettings;
  readonly requests: WalletRequests;
  readonly store: KeyStore;
}

/**
 * A wallet that encrypts by itself: its user root stays here, the service gets envelopes and commitments. What the service says never turns
 * encryption off: only `moveToService` does. While the wallet is in service mode, batches pass as they are.
 *
 * @example
 * const mode = await client.clientMode(account, store);
 * await mode.moveToClient();
 * const stream = client.stream(account, { purchase: ['dollars'] }, { mode });
 * for await (const found of mode.read(fetchBlock)) if (found.kind === 'opened') console.log(found.batch.events);
 */
export class ClientMode {
  readonly #parts: ClientModeParts;
  readonly #roots: OwnRoots;
  /** The service has refused the mode or subject of a batch: a move of ours may have been made without our having heard. */
  #doubtful = false;
  #destroyed = false;

  private constructor(parts: ClientModeParts, roots: OwnRoots) {
    this.#parts = parts;
    this.#roots = roots;
  }

  /** @throws RootNotHeld when the wallet is in client mode under a root that the store lacks; BatchRefused `erased` */
  static async open(parts: ClientModeParts): Promise<ClientMode> {
    await ready();
    const mode = new ClientMode(parts, await OwnRoots.open(parts.store));
    await mode.#catchUp();
    return mode;
  }

  get mode(): 'service' | 'client' {
    return this.#roots.current ? 'client' : 'service';
  }

  /** What stands for the wallet in public storage, hex, and the key epoch; null while the service encrypts. */
  get current(): { readonly subject: string; readonly epoch: number } | null {
    const { current } = this.#roots;
    return current && { subject: current.subject, epoch: current.epoch };
  }

  /**
   * From here on the client encrypts. The root is in the store before the service hears of its subject.
   * @param userRoot 32 secret bytes that no batch was written under; made here when absent
   * @throws BatchRefused `same_mode`, `subject_taken`, `erased`
   */
  async moveToClient(userRoot?: Uint8Array): Promise<void> {
    this.#alive();
    const { settings, requests } = this.#parts;
    const made = (await this.#roots.made(userRoot)) ?? (await this.#roots.made(settings.randomBytes(32)));
    if (made?.state !== 'made')
      throw new ProtocolError('root', 'something was written under it; a move needs a new one');
    const { epoch } = await requests.mode();
    try {
      await requests.move({ mode: 'client', subject: fromHex(made.subject, 32), epoch });
    } catch (error) {
      if (this.#roots.current || !isRefused(error, 'same_mode')) throw error;
      // An earlier move was made, and its answer lost.
      await this.#catchUp();
      if (!this.#roots.current) throw error;
      return;
    }
    await this.#roots.begin(made, epoch);
  }

  /** From here on the service encrypts, under a root of its own. The roots stay here: what was written opens with nothing else. */
  async moveToService(): Promise<void> {
    this.#alive();
    const { requests } = this.#parts;
    const { subject } = await requests.prepareMove();
    const { epoch } = await requests.mode();
    try {
      await requests.move({ mode: 'service', subject: fromHex(subject, 32), epoch });
    } catch (error) {
      if (!isRefused(error, 'same_mode')) throw error;
    }
    await this.#roots.end();
  }

  /** Begins a new key epoch: keys of scopes that were given away open nothing that is written from now on. @returns it */
  async newEpoch(): Promise<number> {
    this.#alive();
    const { current } = this.#roots;
    if (!current) throw new Error('the service encrypts: there an epoch begins when a grant or policy ends');
    return (await this.#roots.nextEpoch(current)).epoch;
  }

  /**
   * Has the service erase what it has, then destroys the roots here: the service's copies are unpinned and its index forgets them, but only
   * without the roots can nobody open a copy that someone else kept. @returns the id of the removal
   */
  async erase(): Promise<{ id: string; rootVersions: number[] }> {
    try {
      const erasure = await this.#parts.requests.erase();
      await this.destroyRoots();
      return erasure;
    } catch (error) {
      if (isRefused(error, 'already_erased')) await this.destroyRoots();
      throw error;
    }
  }

  /** Overwrites the roots here and in the store. There is no way back. */
  async destroyRoots(): Promise<void> {
    this.#destroyed = true;
    await this.#roots.destroy();
  }

  /** Every batch of the wallet in this app, oldest first, fetched from IPFS, opened and checked. */
  async *read(fetchBlock: FetchBlock): AsyncGenerator<ReadBatch> {
    let last: { cid: string; block: Uint8Array } = { cid: '', block: new Uint8Array(0) };
    for (let after: string | null | undefined; after !== null; ) {
      const page = await this.#parts.requests.storedBatches(after);
      for (const place of page.batches) {
        const { batchId, mode, segment } = place;
        if (!this.#roots.of(place.subject)) {
          yield { kind: 'other', batchId, mode };
          continue;
        }
        if (last.cid !== segment) last = { cid: segment, block: await fetchBlock(segment) };
        yield this.#judged(last.block, place);
      }
      after = page.next;
    }
  }

  /** Opens one batch out of the block in which it stands. @throws StoredBatchRefused, RootNotHeld */
  open(block: Uint8Array, place: Place): OwnBatch {
    this.#alive();
    const { account, settings } = this.#parts;
    const stored = storedAt(block, place);
    const held = this.#roots.of(toHex(stored.subject));
    if (!held) throw new RootNotHeld(toHex(stored.subject));
    const [app, wallet] = [toHex(settings.app), toHex(account.publicKey)];
    return openStored(stored, held, { network: settings.network, app, wallet, batchId: place.batchId });
  }

  /** A signed batch as it is sent now. Called again when the mode has changed before it was taken. */
  async seal(batch: ProtocolBatch): Promise<SignedBatch> {
    this.#alive();
    if (this.#doubtful) await this.#catchUp();
    // The roots may have been destroyed meanwhile: none is held then, as in service mode, and the batch would go out as it is.
    this.#alive();
    this.#doubtful = false;
    const { current } = this.#roots;
    const { randomBytes } = this.#parts.settings;
    const sent = current
      ? sealBatch({ batch, userRoot: current.root.bytes, epoch: current.epoch, randomBytes })
      : batch;
    return {
      batchId: toHex(batch.batchId),
      body: encodeNdjson(sent),
      mode: {
        isOutdated: () => this.#roots.current !== current,
        onRefused: () => {
          this.#doubtful = true;
        },
      },
    };
  }

  /** Learns of a move that was made although its answer was lost. Never the other way: nobody can talk us into sending plaintext. */
  async #catchUp(): Promise<void> {
    if (this.#roots.current) return;
    const told = await this.#parts.requests.mode();
    this.#alive();
    if (told.mode === 'service') return;
    const held = this.#roots.of(told.subject);
    if (!held) throw new RootNotHeld(told.subject);
    // One that is past was left by a move of ours that the answer, some seconds old, does not show yet.
    if (held.state === 'made') await this.#roots.begin(held, told.epoch);
  }

  #judged(block: Uint8Array, place: StoredPlace): ReadBatch {
    try {
      return { kind: 'opened', batch: this.open(block, place) };
    } catch (error) {
      if (!(error instanceof StoredBatchRefused)) throw error;
      return { kind: 'refused', batchId: place.batchId, error };
    }
  }

  #alive(): void {
    if (this.#destroyed) throw new RootsDestroyed();
  }
}

const isRefused = (error: unknown, code: string): boolean => error instanceof BatchRefused && error.code === code;

function storedAt(block: Uint8Array, { batchId, segment, slot }: Place): StoredBatch {
  try {
    const found = readSegment(block, segment)[slot];
    if (!found) throw new ProtocolError('segment', `slot ${slot}`);
    return found;
  } catch (error) {
    throw error instanceof ProtocolError ? new StoredBatchRefused(batchId, error, 'segment') : error;
  }
}
