import { type KeyPair, META_SCOPE, toHex } from '../../../protocol/index.ts';
import type { Account } from '../account.ts';
import { paused } from '../paused.ts';
import type { Transport } from '../transport.ts';
import { WalletRequests } from '../wallet-requests.ts';
import { atMost } from './at-most.ts';
import { type Consumption, consumption } from './consume.ts';
import { GrantedKeys } from './granted-keys.ts';
import { keysHeld } from './keys-held.ts';
import { type OpenLoggedOptions, openLogged } from './open-logged.ts';
import type { CheckedOptions, ConsumeOptions } from './options.ts';
import type { DeploymentPositions } from './pinned-log.ts';

/** Questions to the service under way at once, whatever the number of partitions: half of what a caller may have. */
const AT_ONCE = 2;

/** Of whoever consumes. */
export interface ConsumeConnection {
  readonly endpoint: string;
  readonly network: string;
  readonly account: Account;
  /** That keys are sealed to. */
  readonly pair: KeyPair;
  readonly transport: Transport;
  readonly fetch: typeof fetch;
  readonly now: () => number;
}

/** Puts together what reads the log, what opens it, and what hands it over. */
export function startConsumption(
  { log, groupId, signal, keys = [], onRefused, onSealed, onTrouble = () => undefined }: ConsumeOptions,
  { app, from, scopes, types, isExplicit }: CheckedOptions,
  { endpoint, network, account, pair, transport, now, ...edges }: ConsumeConnection,
): Consumption {
  const randomBytes = (length: number) => crypto.getRandomValues(new Uint8Array(length));
  const requests = new WalletRequests(account, { network, app, now, randomBytes }, transport);
  const held = keysHeld(pair, onTrouble);
  const granted = new GrantedKeys(async (wallet, names) => {
    const wanted = names.filter((name) => name !== META_SCOPE);
    if (toHex(wallet) === toHex(account.publicKey)) return requests.keys(wanted, pair);
    return held(wallet, await requests.sealedKeys(wallet, wanted));
  });
  const opening: OpenLoggedOptions = {
    ...{ endpoint, network, app, scopes, types, granted, keys, onRefused, onSealed },
    authorize: () => requests.bearer(['events.read']),
    fetch: edges.fetch,
    pause: paused,
    inTurn: atMost(AT_ONCE),
  };
  const mine = toHex(app);
  return consumption({
    ...{ log, app, group: groupId, from, isExplicit, signal, onTrouble },
    positions: () => transport.get<DeploymentPositions>('/v1/positions', {}),
    isWanted: (batch) => toHex(batch.app) === mine && (!types || batch.types.some((type) => types.has(type))),
    open: (batches, revoked) => openLogged(opening, batches, revoked),
    pause: paused,
    elapsed: () => performance.now(),
    onEnd: () => granted.forget(),
  });
}
