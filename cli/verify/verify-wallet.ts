import {
  type Claim,
  type JudgedReceipt,
  judgeReceipt,
  type PinnedOperator,
  ProtocolError,
  toHex,
} from '../../protocol/index.ts';
import type { ExtractEnd } from '../../sdk/js/index.ts';
import type { Outcome } from '../crypto/outcome.ts';
import { completenessClaims, type JudgedEvent, type JudgedSession, judgeEvent, judgeSessions } from './sessions.ts';
import { shownClaims, shownSum } from './shown.ts';
import type { WalletSource, WantedOwner } from './wallet-source.ts';
import { openWitnesses, type WitnessOptions, type WitnessStand } from './witnesses.ts';

export interface WantedWallet {
  readonly owner: WantedOwner;
  /** Only this session; default: all, and events without one. */
  readonly session?: string;
  readonly operator: PinnedOperator;
}

/**
 * Judges all events of a wallet in an app, or those of one session: each by its own signature and proof, each batch by its receipt, and
 * each source by its numbers, also where one session is asked for: what is missing might be of it.
 */
export async function verifyWallet(
  source: WalletSource,
  wanted: WantedWallet,
  options: WitnessOptions,
): Promise<Outcome> {
  const { owner, session } = wanted;
  const { all, sealed, broken, end } = await shownBy(source);
  const events = all.filter((one) => session === undefined || one.session === session);
  const removed = (end?.completeness ?? []).flatMap(({ sources }) => sources.flatMap((one) => one.removed));
  const unshown = [...sealed, ...removed.map(({ batchId }) => batchId)];
  const batchIds = new Set([...events.map(({ batchId }) => batchId), ...(session === undefined ? unshown : [])]);
  const witnesses = await openWitnesses(options);
  try {
    const receipts = await judgeReceipts(source, batchIds, wanted, witnesses);
    const sessions = judgeSessions(events, receipts);
    const claims = [
      ...broken,
      ...(end ? numberClaims(end, all.length > 0) : []),
      ...[...sealed].map(sealedClaim),
      ...unshown.flatMap((id) => brokenReceipt(id, receipts.get(id), events, batchIds)),
      ...(session !== undefined && events.length === 0
        ? [{ claim: 'session', verdict: 'failed' as const, detail: 'no event of this session was shown' }]
        : []),
    ];
    return outcomeOf(owner, sessions, claims, receipts);
  } finally {
    await witnesses.close();
  }
}

interface Shown {
  readonly all: JudgedEvent[];
  readonly sealed: Set<string>;
  /** What is not what was signed: after it nothing was looked at, and there is no end. */
  readonly broken: Claim[];
  readonly end: ExtractEnd | null;
}

async function shownBy(source: WalletSource): Promise<Shown> {
  const all: JudgedEvent[] = [];
  const sealed = new Set<string>();
  const events = source.events((id) => sealed.add(id));
  try {
    for (;;) {
      const { done, value } = await events.next();
      if (done) return { all, sealed, broken: [], end: value };
      all.push(judgeEvent(value));
    }
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    const detail = `${error.message}: what the service shows is not what was signed, and nothing after it was looked at`;
    return { all, sealed, broken: [{ claim: 'signature', verdict: 'failed', detail }], end: null };
  }
}

/** Whoever shows events can tell of their numbers. */
function numberClaims({ completeness }: ExtractEnd, anyShown: boolean): Claim[] {
  const claims = completeness.flatMap(completenessClaims);
  if (claims.length > 0) return claims;
  const detail = 'the service tells of no sequence numbers of this wallet';
  return [{ claim: 'complete', verdict: anyShown ? 'failed' : 'not stated', detail }];
}

const sealedClaim = (batchId: string): Claim => ({
  ...{ claim: 'signature', verdict: 'not stated' },
  detail: `batch ${batchId}: encrypted by the client: its owner opens it and discloses it`,
});

async function judgeReceipts(
  source: WalletSource,
  batchIds: ReadonlySet<string>,
  { operator, owner }: WantedWallet,
  witnesses: WitnessStand,
): Promise<Map<string, JudgedReceipt>> {
  const judged = new Map<string, JudgedReceipt>();
  for (const id of batchIds) {
    const receipt = await source.receipt(id);
    if (receipt === null) continue;
    const pinned = { ...operator, network: owner.network };
    const alone = judgeReceipt(receipt, pinned);
    const { batch } = alone;
    if (batch === null) judged.set(id, alone);
    else if (toHex(batch.batch.id) !== id) judged.set(id, ofAnother(alone));
    else judged.set(id, judgeReceipt(receipt, pinned, await witnesses.of(batch)));
  }
  return judged;
}

/** A good receipt of another batch proves nothing of this one. */
const ofAnother = (judged: JudgedReceipt): JudgedReceipt => ({
  ...judged,
  claims: [{ claim: 'operator', verdict: 'failed', detail: 'the receipt is of another batch' }],
  ok: false,
  batch: null,
});

/** A batch of which no event is shown is in no session, but its receipt has to be there and to hold. */
function brokenReceipt(
  id: string,
  judged: JudgedReceipt | undefined,
  events: readonly JudgedEvent[],
  asked: ReadonlySet<string>,
): Claim[] {
  if (!asked.has(id) || events.some(({ batchId }) => batchId === id)) return [];
  if (!judged) return [{ claim: 'operator', verdict: 'failed', detail: `batch ${id}: no receipt was given` }];
  return judged.claims
    .filter(({ verdict }) => verdict === 'failed')
    .map((claim) => ({ ...claim, detail: `batch ${id}: ${claim.detail}` }));
}

function outcomeOf(
  { app, wallet }: WantedOwner,
  sessions: readonly JudgedSession[],
  claims: readonly Claim[],
  receipts: ReadonlyMap<string, JudgedReceipt>,
): Outcome {
  const every = [...sessions.flatMap((one) => one.claims), ...claims];
  const ok = every.every(({ verdict }) => verdict !== 'failed');
  const lines = [
    `wallet ${wallet} in app ${app}: ${sessions.reduce((sum, { events }) => sum + events.length, 0)} events, ${receipts.size} batches`,
    '',
    ...sessions.flatMap(shownSession),
    ...(claims.length > 0 ? ['all sessions', ...shownClaims(claims), ''] : []),
    shownSum(every),
    '',
  ];
  const batches = [...receipts].map(([batchId, judged]) => ({ batchId, ok: judged.ok, claims: judged.claims }));
  return { text: lines.join('\n'), json: { ok, sessions, claims, batches }, bad: !ok };
}

function shownSession({ session, events, claims }: JudgedSession): string[] {
  const batches = new Set(events.map(({ batchId }) => batchId)).size;
  const name = session === null ? 'no session' : `session ${session}`;
  const rows = events.map(({ id, type, time, batchId, index, claim }) => {
    return `  ${claim.verdict === 'ok' ? 'signed' : 'not signed by the user'}  ${time}  ${type}  ${id}  (${index + 1} in ${batchId.slice(0, 12)}…)`;
  });
  return [`${name}: ${events.length} events in ${batches} batches`, ...rows, ...shownClaims(claims), ''];
}
