import { randomBytes } from 'node:crypto';
import {
  type Algorithm,
  type KeyPair,
  type Receipt,
  signRequest,
  toBase64url,
  toHex,
  utf8,
  ZERO_KEY,
} from '../../protocol/index.ts';
import type { DisclosedEvent, DisclosurePage } from '../../sdk/js/index.ts';
import { BatchRefused, TryAgain } from '../../sdk/js/index.ts';
import { Transport } from '../../sdk/js/transport.ts';
import { UsageError } from '../crypto/outcome.ts';
import type { ExpectedOwner } from './sessions.ts';

/** Who asks: the wallet itself, which sees everything, or its app, which sees what the wallet's policy covers. */
export interface Asker {
  readonly keyPair: KeyPair;
  readonly algorithm: Algorithm;
  readonly signer: 'wallet' | 'app';
}

/** What a service shows of a wallet in an app. Nothing of it is believed here. */
export interface WalletSource {
  events(): Promise<DisclosedEvent[]>;
  /** Every batch of the wallet; the app is not told. */
  batchIds(): Promise<string[]>;
  /** Null where the service has no receipt of it. */
  receipt(batchId: string): Promise<Receipt | null>;
}

const ATTEMPTS = 20;
const TOKEN_MS = 3_600_000;

export function openWalletSource(endpoint: string, owner: ExpectedOwner, asker: Asker): WalletSource {
  const transport = new Transport({ endpoint, fetch, timeoutMs: 30_000 });
  const headers = tokenOf(owner, asker);
  const place = `/v1/wallets/${owner.wallet}/apps/${owner.app}`;

  /** @throws UsageError when nobody answers or the token is refused, so that nothing is judged by half */
  async function get<T>(path: string): Promise<T> {
    for (let n = 1; ; n += 1) {
      try {
        return await transport.get<T>(path, headers);
      } catch (error) {
        if (error instanceof BatchRefused && error.status !== 404 && error.status !== 409)
          throw new UsageError(`--api: ${error.code}: ${error.message}`);
        if (!(error instanceof TryAgain)) throw error;
        if (n === ATTEMPTS) throw new UsageError(`--api: ${error.message}`);
        await new Promise((resolve) => setTimeout(resolve, Math.max(error.retryAfterMs, 50 * n)));
      }
    }
  }

  return {
    async events() {
      const events: DisclosedEvent[] = [];
      for (let query = ''; ; ) {
        const page: DisclosurePage = await get(`${place}/disclosures?limit=1000${query}`);
        events.push(...page.events);
        if (!page.more || page.next === null) return events;
        query = `&after=${page.next}`;
      }
    },

    async batchIds() {
      const ids: string[] = [];
      for (let query: string | null = ''; query !== null; ) {
        const page: { batches: { batchId: string }[]; next: string | null } = await get(
          `${place}/stored-batches?limit=1000${query}`,
        );
        ids.push(...page.batches.map(({ batchId }) => batchId));
        query = page.next === null ? null : `&after=${page.next}`;
      }
      return ids;
    },

    async receipt(batchId) {
      try {
        return await get<Receipt>(`/v1/batches/${batchId}/receipt`);
      } catch (error) {
        if (error instanceof BatchRefused) return null;
        throw error;
      }
    },
  };
}

function tokenOf(
  { network, app, wallet }: ExpectedOwner,
  { keyPair, algorithm, signer }: Asker,
): Record<string, string> {
  const issuedAt = Date.now();
  const operations = ['disclosures.read', 'receipts.read', ...(signer === 'wallet' ? ['batches.locate'] : [])];
  const bearer =
    signer === 'wallet' ? { outer: wallet, inner: keyPair.publicKey } : { outer: ZERO_KEY, inner: '*' as const };
  const head = { kind: 'token' as const, network, app, wallet: bearer.outer, id: toHex(randomBytes(16)), issuedAt };
  const content = {
    audience: network,
    operations,
    wallet: bearer.inner,
    key: keyPair.publicKey,
    expiresAt: issuedAt + TOKEN_MS,
  };
  const token = signRequest({ ...head, signer, algorithm, wrap: 'none', content }, keyPair);
  return { authorization: `Bearer ${toBase64url(utf8(JSON.stringify(token)))}` };
}
