import type { ExportRow, RowSelection } from '../../../services/pipeline/ports/sink.ts';
import { sessionMarkOf } from '../../../services/pipeline/rules/removal.ts';

/** A row as far as a selection asks. */
export type SelectableRow = Pick<ExportRow, 'wallet' | 'eventId' | 'time' | 'session' | 'issuedAt'>;

/** A selection by its number in the list. */
interface Numbered {
  readonly n: number;
  readonly issuedAt: number;
}

interface OfWallet {
  readonly events: Map<string, Numbered[]>;
  readonly sessions: Map<string, Numbered[]>;
  readonly ranges: (Numbered & { readonly from: number; readonly to: number })[];
}

/**
 * Tells which of these selections takes a row away, the first of several; null: none.
 * @param app of them all, hex
 */
export function selectedBy(app: string, selections: readonly RowSelection[]): (row: SelectableRow) => number | null {
  const wallets = new Map<string, OfWallet>();
  for (const [n, { wallet, issuedAt, selector }] of selections.entries()) {
    const mine: OfWallet = wallets.get(wallet) ?? { events: new Map(), sessions: new Map(), ranges: [] };
    wallets.set(wallet, mine);
    if ('events' in selector) for (const id of selector.events) add(mine.events, id, { n, issuedAt });
    else if ('session' in selector) add(mine.sessions, selector.session, { n, issuedAt });
    else mine.ranges.push({ n, issuedAt, ...selector });
  }
  return ({ wallet, eventId, time, session, issuedAt }) => {
    const mine = wallets.get(wallet);
    if (!mine) return null;
    const mark = session !== null && mine.sessions.size > 0 ? sessionMarkOf({ app, wallet }, session) : '';
    const found = [
      ...(mine.events.get(eventId) ?? []),
      ...(mine.sessions.get(mark) ?? []),
      ...mine.ranges.filter(({ from, to }) => from <= time && time < to),
    ];
    const reaching = found.filter((one) => issuedAt <= one.issuedAt).map(({ n }) => n);
    return reaching.length === 0 ? null : Math.min(...reaching);
  };
}

function add(to: Map<string, Numbered[]>, name: string, one: Numbered): void {
  const known = to.get(name);
  if (known) known.push(one);
  else to.set(name, [one]);
}
