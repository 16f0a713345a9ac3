export { Account, accountFromPhrase, deriveAccount } from './account.ts';
export { type ClientOptions, DdcClient, type Interaction, type OnAccepted, type WalletStream } from './client.ts';
export { BatchLost, BatchRefused } from './errors.ts';
export { uuidv7 } from './event-id.ts';
export type { BatchStatus } from './transport.ts';
