import { LAST_EPOCH, ProtocolError, Secret, subjectOf, toHex } from '../../../protocol/index.ts';
import { RootsDestroyed } from '../errors.ts';
import type { KeyStore, OwnRoot } from './key-store.ts';

/** A root with the name that it has in public storage. It does not show its bytes when printed. */
export interface HeldRoot {
  readonly root: Secret;
  /** Hex, 32 bytes. */
  readonly subject: string;
  readonly epoch: number;
  readonly state: OwnRoot['state'];
}

/** The roots of one wallet in one app, as the key store has them: each change is durable before it counts. */
export class OwnRoots {
  readonly #store: KeyStore;
  /** By subject. */
  readonly #held: Map<string, HeldRoot>;

  private constructor(store: KeyStore, held: Map<string, HeldRoot>) {
    this.#store = store;
    this.#held = held;
  }

  static async open(store: KeyStore): Promise<OwnRoots> {
    const held = (await store.load()).map(hold);
    return new OwnRoots(store, new Map(held.map((one) => [one.subject, one])));
  }

  /** The one that is written under; null while the service encrypts. */
  get current(): HeldRoot | null {
    return [...this.#held.values()].find((one) => one.state === 'current') ?? null;
  }

  of(subject: string): HeldRoot | null {
    return this.#held.get(subject) ?? null;
  }

  /** A root that no move has named yet: `userRoot` where it is given, else one that was kept, else null. */
  async made(userRoot?: Uint8Array): Promise<HeldRoot | null> {
    if (!userRoot) return [...this.#held.values()].find((one) => one.state === 'made') ?? null;
    const known = this.of(toHex(subjectOf(userRoot)));
    return known ?? this.#keep({ userRoot, epoch: 0, state: 'made' });
  }

  /** Whatever is to be written goes under this root from now on. */
  async begin(root: HeldRoot, epoch: number): Promise<HeldRoot> {
    const held = this.#now(root);
    return this.#keep({ userRoot: held.root.bytes, epoch: Math.max(epoch, held.epoch), state: 'current' });
  }

  /** The service encrypts from now on. */
  async end(): Promise<void> {
    const { current } = this;
    if (current) await this.#keep({ userRoot: current.root.bytes, epoch: current.epoch, state: 'past' });
  }

  /** @throws ProtocolError `epoch` after the last one: move to a new root. */
  async nextEpoch(current: HeldRoot): Promise<HeldRoot> {
    const { root, epoch, state } = this.#now(current);
    if (epoch >= LAST_EPOCH) throw new ProtocolError('epoch', 'this root has had its last epoch');
    return this.#keep({ userRoot: root.bytes, epoch: epoch + 1, state });
  }

  async destroy(): Promise<void> {
    await this.#store.destroy();
    for (const { root } of this.#held.values()) root.bytes.fill(0);
    this.#held.clear();
  }

  /** As it is held at this moment: the bytes of one that was replaced are overwritten. */
  #now({ subject }: HeldRoot): HeldRoot {
    const held = this.of(subject);
    if (!held) throw new RootsDestroyed();
    return held;
  }

  /** The store gets bytes that stay as they are until it has saved them, whatever replaces them meanwhile. */
  async #keep(root: OwnRoot): Promise<HeldRoot> {
    const held = hold(root);
    await this.#store.save({ ...root, userRoot: held.root.bytes });
    this.of(held.subject)?.root.bytes.fill(0);
    this.#held.set(held.subject, held);
    return held;
  }
}

/** @throws ProtocolError `root` when the store holds something else. */
function hold({ userRoot, epoch, state }: OwnRoot): HeldRoot {
  return { root: new Secret(userRoot.slice()), subject: toHex(subjectOf(userRoot)), epoch, state };
}
