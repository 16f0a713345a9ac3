/** Which named set of IPFS nodes keeps a wallet's data. */
export interface Clusters {
  /** One name per wallet, in order; the default cluster for a wallet that is associated with none. */
  of(wallets: readonly Uint8Array[]): Promise<string[]>;
  /** Associates a wallet with a cluster, for batches pinned from now on. */
  associate(wallet: Uint8Array, cluster: string): Promise<void>;
}

export const DEFAULT_CLUSTER = 'cere-mainnet';
