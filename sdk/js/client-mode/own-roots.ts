import { LAST_EPOCH, ProtocolError, Secret, subjectOf, toHex } from '../../../protocol/index.ts';
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
  begin(root: HeldRoot, epoch: number): Promise<HeldRoot> {
    return this.#keep({ userRoot: root.root.bytes, epoch: Math.max(epoch, root.epoch), state: 'current' });
  }

  /** The service encrypts from now on. */
  async end(): Promise<void> {
    const { current } = this;
    if (current) await this.#keep({ userRoot: current.root.bytes, epoch: current.epoch, state: 'past' });
  }

  /** @throws ProtocolError `epoch` after the last one: move to a new root. */
  async nextEpoch(current: HeldRoot): Promise<HeldRoot> {
    if (current.epoch >= LAST_EPOCH) throw new ProtocolError('epoch', 'this root has had its last epoch');
    return this.#keep({ userRoot: current.root.bytes, epoch: current.epoch + 1, state: current.state });
  }

  async destroy(): Promise<void> {
    await this.#store.destroy();
    for (const { root } of this.#held.values()) root.bytes.fill(0);
    this.#held.clear();
  }

  async #keep(root: OwnRoot): Promise<HeldRoot> {
    await this.#store.save(root);
    const held = hold(root);
    this.#held.set(held.subject, held);
    return held;
  }
}

/** @throws ProtocolError `root` when the store holds something else. */
function hold({ userRoot, epoch, state }: OwnRoot): HeldRoot {
  return { root: new Secret(userRoot.slice()), subject: toHex(subjectOf(userRoot)), epoch, state };
}
