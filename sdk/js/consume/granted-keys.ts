import { toHex } from '../../../protocol/index.ts';
import { keyFor, type ScopeKeyOf } from '../read-event.ts';

/** Wallets whose keys are kept. */
const MOST_WALLETS = 10_000;
/** What was not given is not asked for again before. Milliseconds. */
const REFUSED_MS = 5_000;
const AT_ONCE = 8;

/** Keys that a batch needs. */
export interface KeysWanted {
  readonly wallet: Uint8Array;
  readonly rootVersion: number;
  readonly epoch: number;
  readonly scopes: readonly string[];
}

interface Kept {
  readonly keys: ScopeKeyOf[];
  /** `<rootVersion>/<epoch>/<scope>` → until when it is not asked for again. */
  readonly refused: Map<string, number>;
}

/**
 * Keys of wallets' scopes, asked for when a batch needs one that is not there: once for each epoch of a wallet.
 * @param fetch keys of a wallet that the caller may have now
 */
export class GrantedKeys {
  readonly #fetch: (wallet: Uint8Array, scopes: string[]) => Promise<readonly ScopeKeyOf[]>;
  readonly #elapsed: () => number;
  readonly #wallets = new Map<string, Kept>();

  constructor(
    fetch: (wallet: Uint8Array, scopes: string[]) => Promise<readonly ScopeKeyOf[]>,
    elapsed: () => number = () => performance.now(),
  ) {
    this.#fetch = fetch;
    this.#elapsed = elapsed;
  }

  /** Fetches what is missing, a call for each wallet. @throws TryAgain, BatchRefused */
  async load(wanted: readonly KeysWanted[]): Promise<void> {
    const byWallet = new Map<string, KeysWanted[]>();
    for (const one of wanted) {
      const name = toHex(one.wallet);
      byWallet.set(name, [...(byWallet.get(name) ?? []), one]);
    }
    const asks = [...byWallet.values()].flatMap((those) => this.#askFor(those) ?? []);
    for (let at = 0; at < asks.length; at += AT_ONCE)
      await Promise.all(asks.slice(at, at + AT_ONCE).map((ask) => ask()));
  }

  /** What is kept of a wallet. */
  of(wallet: Uint8Array): readonly ScopeKeyOf[] {
    return this.#wallets.get(toHex(wallet))?.keys ?? [];
  }

  /** Overwrites them all. */
  forget(): void {
    for (const { keys } of this.#wallets.values()) for (const { key } of keys) key.fill(0);
    this.#wallets.clear();
  }

  #askFor(wanted: readonly KeysWanted[]): (() => Promise<void>) | null {
    const [first] = wanted;
    if (!first) return null;
    const kept = this.#keptOf(toHex(first.wallet));
    const missing = wanted.flatMap(({ scopes, ...of }) =>
      scopes.flatMap((scope) =>
        keyFor(of, scope, kept.keys) || this.#isRefused(kept, of, scope) ? [] : [{ of, scope }],
      ),
    );
    if (missing.length === 0) return null;
    return async () => {
      const keys = await this.#fetch(first.wallet, [...new Set(missing.map(({ scope }) => scope))]);
      for (const key of keys) if (!keyFor(key, key.scope, kept.keys)) kept.keys.push(key);
      for (const { of, scope } of missing)
        if (!keyFor(of, scope, kept.keys)) kept.refused.set(nameOf(of, scope), this.#elapsed() + REFUSED_MS);
    };
  }

  #isRefused({ refused }: Kept, of: Pick<KeysWanted, 'rootVersion' | 'epoch'>, scope: string): boolean {
    const name = nameOf(of, scope);
    const until = refused.get(name);
    if (until === undefined) return false;
    if (this.#elapsed() < until) return true;
    refused.delete(name);
    return false;
  }

  /** The one that was not used for longest makes room. */
  #keptOf(wallet: string): Kept {
    const kept = this.#wallets.get(wallet) ?? { keys: [], refused: new Map<string, number>() };
    this.#wallets.delete(wallet);
    this.#wallets.set(wallet, kept);
    for (const [oldest, { keys }] of this.#wallets) {
      if (this.#wallets.size <= MOST_WALLETS) break;
      for (const { key } of keys) key.fill(0);
      this.#wallets.delete(oldest);
    }
    return kept;
  }
}

const nameOf = ({ rootVersion, epoch }: Pick<KeysWanted, 'rootVersion' | 'epoch'>, scope: string): string =>
  `${rootVersion}/${epoch}/${scope}`;
