import {
  type Claim,
  type Header,
  type JudgedReceipt,
  ProtocolError,
  toHex,
  type Verdict,
  verifyDisclosure,
} from '../../protocol/index.ts';
import type { DisclosedEvent } from '../../sdk/js/index.ts';

/** Whose events these must be. Keys in hex. */
export interface ExpectedOwner {
  readonly network: string;
  readonly app: string;
  readonly wallet: string;
}

/** One event that a service showed, judged by its own proof. */
export interface JudgedEvent {
  readonly batchId: string;
  /** From 0, in its batch. */
  readonly index: number;
  /** Null where only its owner's keys open it. */
  readonly header: Header | null;
  readonly id: string | null;
  readonly type: string | null;
  readonly time: string | null;
  readonly session: string | null;
  readonly claim: Claim;
}

/** A session, or all events without one (`null`). */
export interface JudgedSession {
  readonly session: string | null;
  readonly events: readonly JudgedEvent[];
  readonly claims: readonly Claim[];
}

/** Judges one event by the disclosure that came with it. */
export function judgeEvent(found: DisclosedEvent, owner: ExpectedOwner): JudgedEvent {
  const at = { batchId: found.batchId, index: found.locator.index };
  const unknown = { ...at, header: null, id: null, type: null, time: null, session: null };
  if (found.disclosure === null)
    return {
      ...unknown,
      claim: claimOf('not stated', 'encrypted by the client: its owner opens the meta and discloses it'),
    };
  try {
    const { header, event, batchId } = verifyDisclosure(found.disclosure);
    const isOther = header.network !== owner.network || header.app !== owner.app || header.wallet !== owner.wallet;
    if (isOther || toHex(batchId) !== found.batchId) throw new ProtocolError('disclosure', 'another owner or batch');
    const { id, type, time, session = null } = event;
    const claim =
      header.signer === 'wallet'
        ? claimOf('ok', `signed by the wallet (${header.algorithm})`)
        : claimOf('not stated', 'attested by the app, not signed by the user');
    return { ...at, header, id, type, time, session, claim };
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return { ...unknown, claim: claimOf('failed', error.message) };
  }
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

/** A batch of a source, as its header or its receipt says. */
export interface Numbered {
  readonly signer: string;
  readonly source: string;
  readonly seq: number;
}

/**
 * That nothing is missing between the first and the last batch shown of each source. No more than that: a later batch or another source
 * may be hidden, and what was erased or never kept leaves a gap.
 */
export function judgeCompleteness(batches: readonly Numbered[], isWhole: boolean): Claim[] {
  const bySource = new Map<string, number[]>();
  for (const { signer, source, seq } of batches) {
    const key = `${signer} ${source}`;
    bySource.set(key, [...(bySource.get(key) ?? []), seq]);
  }
  return [...bySource].map(([key, all]) => {
    const seqs = [...new Set(all)].sort((a, b) => a - b);
    const [first = 0, last = 0] = [seqs[0], seqs.at(-1)];
    const missing = last - first + 1 - seqs.length;
    const range = `source ${key.split(' ')[1]}: batches ${first} to ${last}`;
    if (missing === 0) return { claim: 'complete', verdict: 'ok', detail: `${range}, none missing between` };
    const verdict = isWhole ? 'failed' : 'not stated';
    const why = isWhole ? '' : '; not all of the wallet was asked for or shown';
    return { claim: 'complete', verdict, detail: `${range}, ${missing} missing between${why}` };
  });
}
