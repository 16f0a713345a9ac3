import type { OpenRoot, Owner, Vault } from '../../pipeline/ports/vault.ts';

/** How a root stands: of which subject it is, null where it was erased, undefined where the vault has lost it. */
export type RootState = Pick<OpenRoot, 'subject'> | null | undefined;

/** How these roots stand now, in one look; no secret stays. The vault caches: looking again costs little. */
export async function rootStates(
  vault: Pick<Vault, 'roots'>,
  owner: Owner,
  versions: Iterable<number>,
): Promise<ReadonlyMap<number, RootState>> {
  const distinct = [...new Set(versions)];
  if (distinct.length === 0) return new Map();
  const roots = await vault.roots(distinct.map((rootVersion) => ({ ...owner, rootVersion })));
  for (const root of roots) root?.userRoot.fill(0);
  return new Map(distinct.map((version, i) => [version, roots[i]]));
}
