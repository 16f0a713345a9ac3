/** Where fields go that no scope lists; the one reserved name that a client may use. */
export const DEFAULT_SCOPE = '__default_scope';
/** The scope of a batch's own envelope. */
export const META_SCOPE = '__meta';

const NAME = /^[A-Za-z0-9_.-]{1,64}$/;

/** Whether a client may use this scope: 1–64 of [A-Za-z0-9_.-], not reserved (`__…`) except `__default_scope`. */
export function isScopeName(name: string): boolean {
  return name === DEFAULT_SCOPE || (NAME.test(name) && !name.startsWith('__'));
}
