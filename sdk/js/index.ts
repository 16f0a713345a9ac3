export { Account, accountFromPhrase, deriveAccount } from './account.ts';
export { type ClientOptions, DdcClient, type Interaction, type OnAccepted, type WalletStream } from './client.ts';
export { BatchLost, BatchRefused } from './errors.ts';
export { uuidv7 } from './event-id.ts';
export { type DisclosedEvent, type ReadEvent, readEvent, type ScopeKeyOf } from './reader.ts';
export { type BatchStatus, TryAgain } from './transport.ts';
export { type RemovalState, type SealedKey, WalletRequests } from './wallet-requests.ts';
