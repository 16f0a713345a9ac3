export { Account, accountFromPhrase, deriveAccount } from './account.ts';
export { type BlobContent, Blobs, type BlobsOptions, type DownloadedBlob, type UploadedBlob } from './blobs.ts';
export {
  type ClientOptions,
  DdcClient,
  type Interaction,
  type OnAccepted,
  type Placed,
  type StreamOptions,
  type WalletStream,
} from './client.ts';
export { ClientMode, type FetchBlock, type ReadBatch } from './client-mode/client-mode.ts';
export { type KeyStore, memoryKeyStore, type OwnRoot } from './client-mode/key-store.ts';
export { type Expected, type OwnBatch, type OwnEvent, openStored } from './client-mode/open-stored.ts';
export type { ConsumedEvent, Consumption } from './consume/consume.ts';
export type { ConsumeOptions } from './consume/options.ts';
export type {
  DeploymentPositions,
  JoinOptions,
  LoggedBatch,
  LogLane,
  LogMember,
  LogPosition,
  LogStart,
  PinnedLog,
  Stretch,
} from './consume/pinned-log.ts';
export {
  type ConnectOptions,
  Ddc,
  type EventFilter,
  type EventMore,
  type Granting,
  type Json,
  type Recorded,
  type StreamFilter,
} from './ddc.ts';
export type { DeliveryCounts, Held } from './delivery.ts';
export {
  BadOptions,
  BatchLost,
  BatchRefused,
  BlobBroken,
  ClientClosed,
  EventsLost,
  KeyNotHeld,
  MetaKeyMissing,
  NoCertificate,
  PartitionLost,
  QueueBusy,
  QueueDamaged,
  RootNotHeld,
  RootsDestroyed,
  StoredBatchRefused,
} from './errors.ts';
export { uuidv7 } from './event-id.ts';
export { type ExtractEnd, type ExtractOptions, type ExtractWish, extract } from './extract.ts';
export { type FollowedEvent, type FollowOptions, type FollowWish, follow } from './follow.ts';
export type { Key } from './network.ts';
export type { ExtractedEvent } from './proven-event.ts';
export { type BatchQueue, memoryQueue, type OpenQueue } from './queue/batch-queue.ts';
export type { QueuedBatch, QueueOwner } from './queue/queue-state.ts';
export {
  type DisclosedEvent,
  disclosureFromMeta,
  type ExpectedOwner,
  metaOf,
  type ReadEvent,
  readEvent,
  type ScopeKeyOf,
} from './read-event.ts';
export { Reader, type ReaderOptions, type ReadPage, type WantedEvents } from './reader.ts';
export { type ReceiptOf, ReceiptRefused, receiptPath, verifiedReceipt } from './receipts.ts';
export { appToken, delegate, type TokenSettings, type TokenSigner, walletToken } from './tokens.ts';
export { type BatchStatus, TryAgain } from './transport.ts';
export type { Loss } from './undelivered.ts';
export {
  type DisclosurePage,
  type ListedRemoval,
  type RemovalState,
  type RemovedSelection,
  type SealedKey,
  type SignedGrant,
  type StoredPlace,
  type WalletMode,
  WalletRequests,
} from './wallet-requests.ts';
