import type { Claim, Completeness, JudgedReceipt, SourceVerdict, Verdict } from '../../protocol/index.ts';
import type { ExtractedEvent } from '../../sdk/js/index.ts';

/** One event that was shown and proved. */
export interface JudgedEvent extends Pick<ExtractedEvent, 'batchId' | 'index' | 'id' | 'type' | 'time'> {
  readonly session: string | null;
  readonly claim: Claim;
}

/** A session, or all events without one (`null`). */
export interface JudgedSession {
  readonly session: string | null;
  readonly events: readonly JudgedEvent[];
  readonly claims: readonly Claim[];
}

/** Whether the user signed what was proved. */
export function judgeEvent({ batchId, index, id, type, time, session, ...proved }: ExtractedEvent): JudgedEvent {
  const claim =
    proved.signer === 'wallet'
      ? claimOf('ok', `signed by the wallet (${proved.disclosure.header.algorithm})`)
      : claimOf('not stated', 'attested by the app, not signed by the user');
  return { batchId, index, id, type, time, session: session ?? null, claim };
}

const claimOf = (verdict: Verdict, detail: string): Claim => ({ claim: 'signature', verdict, detail });

/** What went through consensus: the claims of a batch's receipt that say so. */
const CONSENSUS = ['operator', 'settled', 'inclusion', 'remark', 'chain', 'storage'];
/** The worst first. */
const ORDER: readonly Verdict[] = ['failed', 'not stated', 'claimed (not checked)', 'ok'];

/** Of several verdicts on one claim the worst, with how many there are of it. */
function worst(claim: string, of: string, claims: readonly Claim[]): Claim {
  const verdict = ORDER.find((one) => claims.some((c) => c.verdict === one)) ?? 'not stated';
  const those = claims.filter((one) => one.verdict === verdict);
  const details = [...new Set(those.map(({ detail }) => detail))];
  const detail = details.length === 1 ? `: ${details[0]}` : verdict === 'failed' ? `: ${details.join('; ')}` : '';
  return { claim, verdict, detail: `${those.length} of ${claims.length} ${of}${detail}` };
}

/** Session by session: whether the user signed its events, and whether their batches went through consensus. */
export function judgeSessions(
  events: readonly JudgedEvent[],
  receipts: ReadonlyMap<string, JudgedReceipt>,
): JudgedSession[] {
  const bySession = new Map<string | null, JudgedEvent[]>();
  for (const event of events) bySession.set(event.session, [...(bySession.get(event.session) ?? []), event]);
  return [...bySession].map(([session, those]) => {
    const batches = [...new Set(those.map(({ batchId }) => batchId))].map((id) => receipts.get(id));
    const claims = CONSENSUS.map((name) =>
      worst(
        name,
        'batches',
        batches.map((judged) => claimIn(judged, name)),
      ),
    );
    return {
      session,
      events: those,
      claims: [
        worst(
          'signature',
          'events',
          those.map(({ claim }) => claim),
        ),
        ...claims,
      ],
    };
  });
}

/** A receipt that is not the operator's has one claim only; a service that shows an event can always give one. */
const claimIn = (judged: JudgedReceipt | undefined, name: string): Claim => {
  if (judged !== undefined) {
    const detail = 'the receipt does not hold';
    return judged.claims.find(({ claim }) => claim === name) ?? { claim: name, verdict: 'failed', detail };
  }
  return { claim: name, verdict: name === 'operator' ? 'failed' : 'not stated', detail: 'no receipt was given' };
};

/**
 * What the verdict on the sequence numbers comes to, source by source: numbers count from 0, so nothing is missing up to the last one that
 * is known. What the index alone says, such as that a batch became a void, stays claimed.
 */
export function completenessClaims({ sources, complete }: Completeness): Claim[] {
  const claims = sources.flatMap((one) => [completeClaim(one), ...removedClaims(one)]);
  const isExplained = claims.some(({ verdict }) => verdict === 'failed');
  if (complete || isExplained) return claims;
  return [
    ...claims,
    { claim: 'complete', verdict: 'not stated', detail: 'the service tells of a part of the numbers' },
  ];
}

function completeClaim(found: SourceVerdict): Claim {
  const { source, last, missing, unreadable, partial, outside, voids, erased } = found;
  const range = `source ${source}: batches 0 to ${last}`;
  const of = (verdict: Verdict, detail: string): Claim => ({
    ...{ claim: 'complete', verdict, detail: `${range}, ${detail}` },
  });
  const wrong = [
    ...missing.map((run) => `${shownRun(run)} missing`),
    ...unreadable.map(({ seq, code }) => `${seq} not readable (${code})`),
    ...partial.map(({ seq, events }) => `${events} events of ${seq} not shown`),
  ];
  if (wrong.length > 0) return of('failed', wrong.join(', '));
  if (outside.length > 0) return of('not stated', `${outside.map(shownRun).join(', ')} not shown`);
  const said = [
    ...voids.map(({ seq, reason }) => `${seq} void (${reason})`),
    ...erased.map((run) => `${shownRun(run)} erased`),
  ];
  return said.length > 0
    ? of('claimed (not checked)', `${said.join(', ')}, the service says; no other missing`)
    : of('ok', 'none missing');
}

const removedClaims = ({ removed }: SourceVerdict): Claim[] =>
  removed.map(({ batchId, by, all }) => {
    const names = by.map((id) => id ?? 'a removal that is not named').join(', ');
    const detail = `batch ${batchId}: ${all ? 'all' : 'some'} events are not shown: removed by ${names}, the service says`;
    return { claim: 'shown', verdict: 'claimed (not checked)', detail };
  });

const shownRun = ([first, last]: readonly [number, number]): string =>
  first === last ? String(first) : `${first} to ${last}`;
