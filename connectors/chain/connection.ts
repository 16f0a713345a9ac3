import type { ApiPromise } from '@polkadot/api';
import { RetriableError } from '../../services/pipeline/errors.ts';

/** One JSON-RPC call as it is; the library's decorated calls print every refusal to stderr. */
export type RawRpc = (method: string, params: unknown[]) => Promise<unknown>;

/** A connection to one node, opened on first use, reopened by itself, every call with a deadline. */
export interface ChainConnection {
  /** @throws RetriableError `chain_unreachable`, `chain_timeout` or `chain_pruned`; errors that the node answers are passed through. */
  use<T>(what: string, call: (api: ApiPromise, rpc: RawRpc) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

const RECONNECT_MS = 500;
/** What @polkadot/api throws when the socket is down or the node does not answer. */
const UNREACHABLE =
  /not connected|disconnected|connection|ECONN|socket|No response received from RPC|Unable to (?:retrieve|establish)|abnormal closure|1006|WebSocket/i;

interface Session {
  readonly api: ApiPromise;
  readonly rpc: RawRpc;
  close(): Promise<void>;
}

/**
 * @param endpoint ws:// or wss:// address
 * @param timeoutMs longest time a call may take; a frozen node is given up after it
 */
export function openConnection(endpoint: string, timeoutMs = 15_000): ChainConnection {
  let session: Promise<Session> | null = null;
  let closed = false;

  async function connect(): Promise<Session> {
    const { ApiPromise: Api, WsProvider } = await import('@polkadot/api');
    const provider = new WsProvider(endpoint, RECONNECT_MS, {}, timeoutMs);
    try {
      await deadline('connect', timeoutMs, provider.isReady);
      const metadata = await deadline('connect', timeoutMs, metadataOf(provider));
      const api = await deadline(
        'connect',
        timeoutMs,
        Api.create({ provider, metadata, noInitWarn: true, throwOnConnect: true }),
      );
      return { api, rpc: (method, params) => provider.send(method, params), close: () => api.disconnect() };
    } catch (error) {
      await provider.disconnect();
      throw error;
    }
  }

  return {
    async use(what, call) {
      if (closed) throw new RetriableError('chain_closed', 'The connection to the chain is closed.');
      session ??= connect();
      const mine = session;
      let isAsked = false;
      try {
        const { api, rpc } = await mine;
        if (!api.isConnected)
          throw new RetriableError('chain_unreachable', `${what}: the chain's node is not connected.`);
        isAsked = true;
        return await deadline(what, timeoutMs, call(api, rpc));
      } catch (error) {
        const known = classify(what, error);
        // A lost socket is reopened by the provider. A connection that failed to open, or with a question open on it, is thrown away: the library keeps
        // what became of a question, also that it failed, and would answer the same to everybody who asks it again.
        const opened = await mine.then(
          (open) => open,
          () => null,
        );
        if (
          session === mine &&
          (opened === null || (isAsked && known instanceof RetriableError && known.code !== 'chain_pruned'))
        ) {
          session = null;
          await opened?.close();
        }
        throw known;
      }
    },
    async close() {
      closed = true;
      const opened = await session?.catch(() => null);
      session = null;
      await opened?.close();
    },
  };
}

/**
 * The runtime's metadata, by the key that the library looks it up with. Left to itself it prints a warning, which no option
 * silences, for every runtime that is older than its way of asking.
 */
async function metadataOf(provider: { send<T>(method: string, params: unknown[]): Promise<T> }) {
  const [genesis, { specVersion }, metadata] = await Promise.all([
    provider.send<string>('chain_getBlockHash', [0]),
    provider.send<{ specVersion: number }>('state_getRuntimeVersion', []),
    provider.send<`0x${string}`>('state_getMetadata', []),
  ]);
  return { [`${genesis}-${specVersion}`]: metadata };
}

/** What a node answers for a block whose state it no longer keeps. */
const PRUNED = /state already discarded/i;

/**
 * Errors of the way to the node, and of a node that keeps too little, become RetriableError: `chain_unreachable`, `chain_pruned`. What else
 * it answers is passed through.
 */
export function classify(what: string, error: unknown): unknown {
  if (error instanceof RetriableError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (PRUNED.test(message)) {
    return new RetriableError(
      'chain_pruned',
      `${what}: the node has discarded the state of a block that is still needed (${message}): point CHAIN_RPC at an archive node until the settler has caught up.`,
      { cause: error },
    );
  }
  if (!UNREACHABLE.test(message)) return error;
  return new RetriableError('chain_unreachable', `${what}: the chain's node cannot be reached (${message}).`, {
    cause: error,
  });
}

async function deadline<T>(what: string, ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new RetriableError('chain_timeout', `${what}: the chain's node did not answer within ${ms} ms.`)),
      ms,
    );
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
