import { u8aConcat, u8aToHex } from '@polkadot/util';
import { blake2AsU8a, xxhashAsU8a } from '@polkadot/util-crypto';
import { potAccount } from '../../connectors/chain/pots.ts';

/** 0x-prefixed storage key → 0x-prefixed SCALE value, as in a raw genesis and in `dev_setStorage`. */
export type StorageEntry = readonly [key: `0x${string}`, value: `0x${string}`];

/** What an account of the sandbox starts with: 1,000,000 units of 12 decimals. */
export const SANDBOX_BALANCE = 1_000_000n * 10n ** 12n;

/** `System.Account` of one account with a free balance and nonce 0, in the layout of statemine 900. */
export function accountEntry(publicKey: Uint8Array, free: bigint): StorageEntry {
  const key = u8aConcat(
    xxhashAsU8a('System', 128),
    xxhashAsU8a('Account', 128),
    blake2AsU8a(publicKey, 128),
    publicKey,
  );
  // nonce, consumers, providers, sufficients: u32; free, reserved, miscFrozen, feeFrozen: u128; little-endian
  const value = new Uint8Array(80);
  const view = new DataView(value.buffer);
  view.setUint32(8, 1, true);
  view.setBigUint64(16, free & 0xffff_ffff_ffff_ffffn, true);
  view.setBigUint64(24, free >> 64n, true);
  return [u8aToHex(key), u8aToHex(value)];
}

/** An operator, its treasury and its first pots, all funded. */
export function operatorEntries(operator: Uint8Array, treasury: Uint8Array, pots: Iterable<number>): StorageEntry[] {
  return [operator, treasury, ...Array.from(pots, (pot) => potAccount(operator, pot))].map((account) =>
    accountEntry(account, SANDBOX_BALANCE),
  );
}
