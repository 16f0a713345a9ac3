import { randomBytes } from 'node:crypto';
import { type Cbor, encodeNdjson, fromHex, signBatch, toHex, verifyReceipt } from '../../protocol/index.ts';
import {
  type Account,
  accountFromPhrase,
  type DdcClient,
  deriveAccount,
  type RemovalState,
  uuidv7,
} from '../../sdk/js/index.ts';
import { parquetRows } from '../support/parquet-rows.ts';
import { eventually } from '../support/room-process.ts';
import type { SuiteSandbox } from '../support/sandbox.ts';

const PHRASE = 'bottom drive obey lake curtain smoke basket hold race lonely fit walk';

export interface WrittenEvent {
  readonly id: string;
  readonly time: number;
  readonly session: string;
}

/** Fresh wallets. */
export async function accounts(count: number): Promise<Account[]> {
  const root = await accountFromPhrase(`${PHRASE}//removing//${randomBytes(6).toString('hex')}`);
  return Array.from({ length: count }, (_, i) => deriveAccount(root, `//${i}`));
}

/** Sends one batch, an event a second from `time` on, all of one session. */
export async function write(
  { deployment, app }: SuiteSandbox,
  account: Account,
  { count, session, time }: { readonly count: number; readonly session: string; readonly time: number },
): Promise<WrittenEvent[]> {
  const written = Array.from({ length: count }, (_, i) => ({
    ...{ id: uuidv7(time + i, new Uint8Array(randomBytes(10))), time: time + i * 1_000, session },
  }));
  const batch = signBatch({
    ...{ network: deployment.network, app: toHex(app), wallet: toHex(account.publicKey), seq: 0 },
    ...{ source: toHex(new Uint8Array(randomBytes(16))), issuedAt: Date.now(), signer: 'wallet', wrap: 'none' },
    algorithm: account.algorithm,
    events: written.map(({ id, ...one }, i) => ({
      ...{ id, type: 'VISIT', time: new Date(one.time).toISOString(), session },
      scopes: { purchase: { salt: toHex(new Uint8Array(randomBytes(16))), data: `{"n":${i}}` } },
    })),
    keyPair: account,
  });
  const headers = { 'content-type': 'application/x-ndjson' };
  const body = encodeNdjson(batch) as RequestInit['body'];
  const answer = await fetch(`${deployment.api}/v1/batches`, { method: 'POST', headers, body });
  if (answer.status !== 202) throw new Error(`${answer.status} ${await answer.text()}`);
  return written;
}

/** Ids of the events of these wallets that the export shows, in the order of `written`. */
export async function exported({ deployment }: SuiteSandbox, written: readonly WrittenEvent[]): Promise<string[]> {
  const rows = (await parquetRows(deployment.exportFolder)).map((row) => JSON.parse(row) as { event_id: string });
  const shown = new Set(rows.map((row) => row.event_id));
  return written.map(({ id }) => id).filter((id) => shown.has(id));
}

/** Resolves once the export shows all of these. */
export const untilExported = (it: SuiteSandbox, written: readonly WrittenEvent[]) =>
  eventually('everything is exported', async () =>
    (await exported(it, written)).length === written.length ? true : null,
  );

/** Ids that their wallet is shown in disclosures. */
export async function disclosed(client: DdcClient, account: Account): Promise<string[]> {
  const ids: string[] = [];
  for (let after: string | null = null, more = true; more; ) {
    const page = await client.requests(account).disclosures(account.publicKey, { after, limit: 1_000 });
    ids.push(...page.events.flatMap(({ disclosure }) => (disclosure ? [disclosure.event.id] : [])));
    ({ next: after, more } = page);
  }
  return ids.sort();
}

/** What the last receipt states, checked with the operator's key. */
export async function stated({ deployment }: SuiteSandbox, state: RemovalState): Promise<{ [name: string]: Cbor }> {
  const { key } = (await (await fetch(`${deployment.api}/v1/receipt-key`)).json()) as { key: string };
  return verifyReceipt(state.receipts.at(-1), { network: deployment.network, key: fromHex(key, 32) });
}
