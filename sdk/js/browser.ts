/** Everything in one: the entry of the browser bundle. */
export * from '../../protocol/index.ts';
export * from './index.ts';
