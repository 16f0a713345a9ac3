/** `:code`, hex. */
const CODE = '0x3a636f6465';

interface SavedBlock {
  readonly storageDiff: unknown;
}

/**
 * Chopsticks takes the runtime's code, more than a megabyte, into nearly every block's changes. It never changes here, and comes with the genesis: saved
 * with every block, it would be read again for each of them when the chain starts again, and a chain of some hundred blocks would answer nobody.
 */
export function withoutCode<B extends SavedBlock>(block: B): B {
  const { storageDiff } = block;
  if (typeof storageDiff !== 'object' || storageDiff === null || !(CODE in storageDiff)) return block;
  return { ...block, storageDiff: Object.fromEntries(Object.entries(storageDiff).filter(([key]) => key !== CODE)) };
}
