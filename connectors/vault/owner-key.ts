import type { Owner } from '../../services/pipeline/ports/vault.ts';

/** (app, wallet[, root version]) as a map key: one character per byte, cheaper than hex. */
export function ownerKey({ app, wallet }: Owner, rootVersion = 0): string {
  return `${String.fromCharCode(...app, ...wallet)}${rootVersion}`;
}
