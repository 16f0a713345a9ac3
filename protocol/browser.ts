/** Everything in one: the entry of the browser bundle. */
export * from './index.ts';
export * from './legacy/index.ts';
