import type { Account, DdcClient } from '../../sdk/js/index.ts';

const MONTH_MS = 30 * 86_400_000;
/** Requests in flight at once. */
const AT_ONCE = 32;

/**
 * Each wallet lets the exports of the app read these scopes for a month. What is exported must be allowed before it is sent: an export
 * that meets a batch without a policy goes on without it.
 */
export async function allowExports(
  client: DdcClient,
  wallets: Iterable<{ readonly wallet: Account; readonly scopes: string[] }>,
  onAllowed: (wallet: Account) => void = () => undefined,
): Promise<void> {
  const left = wallets[Symbol.iterator]();
  const worker = async () => {
    for (let next = left.next(); !next.done; next = left.next()) {
      const { wallet, scopes } = next.value;
      await client.requests(wallet).policy({ scopes, recipients: 'app', expiresAt: Date.now() + MONTH_MS });
      onAllowed(wallet);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}
