import { mayServe, toHex } from '../../../protocol/index.ts';
import type { Consents } from '../ports/consents.ts';
import type { DeclaredExport } from '../ports/exports.ts';
import { exportAskers } from './askers.ts';

/** What wallets let an export read now. */
export interface MayRead {
  /** Wallets that were looked at: those that have said something about readers that counts. */
  readonly wallets: number;
  /** There are more of them than are looked at. */
  readonly more: boolean;
  /** Scope → how many of these wallets let the export read it. */
  readonly scopes: Readonly<Record<string, number>>;
}

/** So many wallets are looked at. */
export const MOST_LOOKED_AT = 1_000;

/** Nobody lets it read anything. Of an app with more wallets than are looked at nobody knows: whoever is let in vain gets no rows. */
export const isNothing = ({ more, scopes }: MayRead): boolean =>
  !more && Object.values(scopes).every((wallets) => wallets === 0);

/** Asks, as the vault does for every key, what each wallet allows now. */
export async function mayRead(
  consents: Pick<Consents, 'owners' | 'of' | 'certificates'>,
  { app, scopes, by }: Pick<DeclaredExport, 'app' | 'scopes' | 'by'>,
  now: number,
): Promise<MayRead> {
  const found = await consents.owners(app, MOST_LOOKED_AT + 1);
  const owners = found.slice(0, MOST_LOOKED_AT);
  const [states, askers] = await Promise.all([consents.of(owners), exportAskers({ app, by }, consents, now)]);
  const counts = new Map(scopes.map((scope) => [scope, 0]));
  const hex = toHex(app);
  for (const [i, { consent, epoch }] of states.entries()) {
    const owner = owners[i];
    if (!owner) continue;
    const keys = scopes.map((scope) => ({ scope, epoch }));
    const ask = { app: hex, wallet: toHex(owner.wallet), epoch, keys };
    const served = new Set(
      askers.flatMap((asker) => mayServe(consent, { ...ask, asker }, now).map(({ scope }) => scope)),
    );
    for (const scope of served) counts.set(scope, (counts.get(scope) ?? 0) + 1);
  }
  return { wallets: owners.length, more: found.length > owners.length, scopes: Object.fromEntries(counts) };
}
