import { encodeSs58, fromHex } from '../../protocol/index.ts';

/** The SS58 address of a hex key, as this network writes it. */
export type AddressOf = (key: string) => string;

/** @param prefix the network's number */
export const addressesOf =
  (prefix: number): AddressOf =>
  (key) =>
    encodeSs58({ prefix, key: fromHex(key, 32) });
