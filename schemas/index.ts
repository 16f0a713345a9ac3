export type { DeadLetter } from './dead-letter.ts';
export type { Encrypted, EncryptedBody, Summary, VoidReason } from './encrypted.ts';
export type { LogId } from './log-id.ts';
export type { Location, Pinned, PinnedBody } from './pinned.ts';
export type { Received } from './received.ts';
export type { Removal, RemovalSelector } from './removal.ts';
export type { RemovalCompleted } from './removal-completed.ts';
export type { Settlement } from './settlement.ts';
