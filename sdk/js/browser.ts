/** Everything in one: the entry of the browser bundle. */
export * from '../../protocol/index.ts';
/** Both have one: the SDK's is meant. */
export type { ExpectedOwner } from './index.ts';
export * from './index.ts';
