import type { ExportOffer } from '../ports/export-offers.ts';
import type { DeclarationProblem } from './problem.ts';

/** A declaration as far as offers speak of it; also one that was taken long ago. */
interface OfPartner {
  readonly scopes?: readonly string[] | undefined;
  readonly types?: readonly string[] | null | undefined;
  readonly sink?: string | undefined;
}

/** Whether an offer holds for this wallet now. */
export const isFor = ({ partners, expiresAt }: ExportOffer, wallet: string, now: number): boolean =>
  now < expiresAt && (partners === null || partners.includes(wallet));

/** What of a partner's declaration the app does not offer. */
export function notOffered(offer: ExportOffer, { scopes, types, sink }: OfPartner): DeclarationProblem[] {
  const problems: DeclarationProblem[] = [];
  // Without a scope every event would be a row, also of wallets that have granted nothing.
  if (scopes?.length === 0) problems.push({ code: 'scope_not_offered', path: 'scopes', message: 'must name a scope' });
  for (const [i, scope] of (scopes ?? []).entries())
    if (!offer.scopes.includes(scope))
      problems.push({
        code: 'scope_not_offered',
        path: `scopes.${i}`,
        message: `${scope} is not offered: ${offer.scopes.join(', ')} are`,
      });
  if (offer.types !== null) {
    const { types: offered } = offer;
    const list = offered.join(', ');
    if (types === undefined || types === null)
      problems.push({ code: 'type_not_offered', path: 'types', message: `must name types: ${list} are offered` });
    for (const [i, type] of (types ?? []).entries())
      if (!offered.includes(type))
        problems.push({ code: 'type_not_offered', path: `types.${i}`, message: `${type} is not offered: ${list} are` });
  }
  if (sink !== undefined && !offer.sinks.includes(sink))
    problems.push({
      code: 'sink_not_allowed',
      path: 'sink',
      message: `the app does not offer ${sink}: ${offer.sinks.join(', ') || 'none'} are`,
    });
  return problems;
}
