import { operatorEntries, type StorageEntry } from './accounts.ts';
import { publicKeyOf } from './genesis.ts';

/**
 * Funds an operator of one's own on a running sandbox chain: its account, its treasury (`<uri>//treasury`) and pots 0 … `pots` − 1.
 * Uses `dev_setStorage`; with `--db` it survives a restart.
 * @param endpoint ws:// or http:// address of the chain
 */
export async function fundOperator(endpoint: string, uri: string, pots: number): Promise<void> {
  const indexes = Array.from({ length: pots }, (_, index) => index);
  await setStorage(endpoint, operatorEntries(await publicKeyOf(uri), await publicKeyOf(`${uri}//treasury`), indexes));
}

/** Overwrites storage of the head of a sandbox chain. */
export async function setStorage(endpoint: string, entries: readonly StorageEntry[]): Promise<void> {
  await sandboxRpc(endpoint, 'dev_setStorage', [entries]);
}

/** One JSON-RPC call over HTTP, which the sandbox serves on the port of its WebSocket. */
export async function sandboxRpc(endpoint: string, method: string, params: readonly unknown[]): Promise<unknown> {
  const response = await fetch(endpoint.replace(/^ws/, 'http'), {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify({ id: 1, jsonrpc: '2.0', method, params }),
  });
  const answer = (await response.json()) as { result?: unknown; error?: { message: string } };
  if (answer.error) throw new Error(`${method}: ${answer.error.message}`);
  return answer.result;
}
