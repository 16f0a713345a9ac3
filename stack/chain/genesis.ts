import { Keyring } from '@polkadot/keyring';
import { cryptoWaitReady } from '@polkadot/util-crypto';
import { rococo_v2_2_asset_hub } from '@substrate/connect-known-chains';
import { operatorEntries } from './accounts.ts';

/** Secret URIs of the sandbox. They are public: nothing on a sandbox chain has value. */
export const SANDBOX_OPERATOR = '//DDC//Operator';
/** Where fees go: derived from the operator's secret, as `connectors/chain` does when no other treasury is named. */
const SANDBOX_TREASURY = `${SANDBOX_OPERATOR}//treasury`;
/** Pots 0 … 1023 of the sandbox operator are funded in the genesis. */
const SANDBOX_POTS = 1024;

export interface RawGenesis {
  readonly id: string;
  readonly name: string;
  readonly properties: { readonly ss58Format?: number; readonly tokenDecimals?: number; readonly tokenSymbol?: string };
  readonly genesis: { readonly raw: { readonly top: Record<string, string> } };
}

/** The public key of a secret URI, sr25519. */
export async function publicKeyOf(uri: string): Promise<Uint8Array> {
  await cryptoWaitReady();
  return new Keyring({ type: 'sr25519' }).createFromUri(uri).publicKey;
}

/** The raw genesis of Rococo's asset hub with the sandbox operator, its treasury and its pots funded: funds in the genesis survive restarts. */
export async function sandboxGenesis(): Promise<RawGenesis> {
  const spec = JSON.parse(rococo_v2_2_asset_hub) as RawGenesis;
  const pots = Array.from({ length: SANDBOX_POTS }, (_, index) => index);
  const entries = operatorEntries(await publicKeyOf(SANDBOX_OPERATOR), await publicKeyOf(SANDBOX_TREASURY), pots);
  Object.assign(spec.genesis.raw.top, Object.fromEntries(entries));
  return spec;
}
