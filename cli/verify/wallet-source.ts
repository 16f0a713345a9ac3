import { type Algorithm, encodeBearer, fromHex, type KeyPair, type Receipt } from '../../protocol/index.ts';
import {
  appToken,
  BatchRefused,
  type ExtractEnd,
  type ExtractedEvent,
  extract,
  receiptPath,
  TryAgain,
  walletToken,
} from '../../sdk/js/index.ts';
import { Transport } from '../../sdk/js/transport.ts';
import { UsageError } from '../crypto/outcome.ts';

/** Whose events these must be. Keys in hex. */
export interface WantedOwner {
  readonly network: string;
  readonly app: string;
  readonly wallet: string;
}

/** Who asks: the wallet itself, which sees everything, or its app, which sees what the wallet's policy covers. */
export interface Asker {
  readonly keyPair: KeyPair;
  readonly algorithm: Algorithm;
  readonly signer: 'wallet' | 'app';
}

/** What a service shows of a wallet in an app. Nothing of it is believed: each event is proved, and what is missing is counted. */
export interface WalletSource {
  /** @param onSealed told of each batch that its owner encrypted by itself. @throws ProtocolError for whatever is not what was signed */
  events(onSealed: (batchId: string) => void): AsyncGenerator<ExtractedEvent, ExtractEnd>;
  /** Null where the service has no receipt of it. */
  receipt(batchId: string): Promise<Receipt | null>;
}

const ATTEMPTS = 5;

/** Both throw UsageError when nobody answers or the token is refused, so that nothing is judged by half. */
export function openWalletSource(
  endpoint: string,
  { network, ...owner }: WantedOwner,
  { keyPair, algorithm, signer }: Asker,
  ask: typeof fetch = fetch,
): WalletSource {
  const transport = new Transport({ endpoint, fetch: ask, timeoutMs: 30_000 });
  const [app, wallet] = [fromHex(owner.app, 32), fromHex(owner.wallet, 32)];
  const by = { publicKey: keyPair.publicKey, secretKey: keyPair.secretKey, algorithm };
  const settings = { network, operations: ['events.read', 'receipts.read'] };
  const token = signer === 'wallet' ? walletToken(by, { ...settings, app }) : appToken(by, settings);
  const headers = { authorization: `Bearer ${encodeBearer(token)}` };

  return {
    async *events(onSealed) {
      const options = { endpoint, network, authorize: () => headers, fetch: ask, attempts: ATTEMPTS };
      try {
        return yield* extract(options, { app, wallet, seesAll: signer === 'wallet', onSealed });
      } catch (error) {
        throw asUsage(error);
      }
    },

    async receipt(batchId) {
      for (let n = 1; ; n += 1) {
        try {
          return await transport.get<Receipt>(receiptPath({ batchId }, { app, wallet }), headers);
        } catch (error) {
          if (error instanceof BatchRefused && (error.status === 404 || error.status === 409)) return null;
          if (!(error instanceof TryAgain) || n === ATTEMPTS) throw asUsage(error);
          await new Promise((resolve) => setTimeout(resolve, Math.max(error.retryAfterMs, 200 * 2 ** n)));
        }
      }
    },
  };
}

function asUsage(error: unknown): unknown {
  if (error instanceof BatchRefused) return new UsageError(`--api: ${error.code}: ${error.message}`);
  return error instanceof TryAgain ? new UsageError(`--api: ${error.message}`) : error;
}
