import { type Claim, type JudgedReceipt, judgeReceipt, type PinnedOperator, toHex } from '../../protocol/index.ts';
import type { Outcome } from '../crypto/outcome.ts';
import {
  type ExpectedOwner,
  type JudgedEvent,
  type JudgedSession,
  judgeCompleteness,
  judgeEvent,
  judgeSessions,
  type Numbered,
} from './sessions.ts';
import { shownClaims, shownSum } from './shown.ts';
import type { WalletSource } from './wallet-source.ts';
import { openWitnesses, type WitnessOptions, type WitnessStand } from './witnesses.ts';

export interface WantedWallet {
  readonly owner: ExpectedOwner;
  /** Only this session; default: all, and events without one. */
  readonly session?: string;
  readonly operator: PinnedOperator;
  /** Whether the source shows every event of the wallet, or what a policy covers. */
  readonly seesAll: boolean;
}

/**
 * Judges all events of a wallet in an app, or those of one session: each by its own signature and proof, each batch by its receipt, and
 * each source by its numbers.
 */
export async function verifyWallet(
  source: WalletSource,
  wanted: WantedWallet,
  options: WitnessOptions,
): Promise<Outcome> {
  const { owner, session, seesAll } = wanted;
  const all = (await source.events()).map((found) => judgeEvent(found, owner));
  // What cannot be read has no session that could be asked for: it is judged always.
  const events = all.filter((one) => session === undefined || one.session === session || one.header === null);
  const isWhole = session === undefined && seesAll;
  const batchIds = new Set([...events.map(({ batchId }) => batchId), ...(isWhole ? await source.batchIds() : [])]);
  const witnesses = await openWitnesses(options);
  try {
    const receipts = await judgeReceipts(source, batchIds, wanted, witnesses);
    const sessions = judgeSessions(events, receipts);
    const claims = [
      ...judgeCompleteness(numbersOf(all, receipts), isWhole),
      ...[...receipts].flatMap(([id, judged]) => unshown(id, judged, all, seesAll)),
      ...(isWhole ? [...receipts].flatMap(([id, judged]) => brokenReceipt(id, judged, events)) : []),
      ...(session !== undefined && sessions.every((one) => one.session !== session)
        ? [{ claim: 'session', verdict: 'failed' as const, detail: 'no event of this session was shown' }]
        : []),
    ];
    return outcomeOf(owner, sessions, claims, receipts);
  } finally {
    await witnesses.close();
  }
}

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

function numbersOf(events: readonly JudgedEvent[], receipts: ReadonlyMap<string, JudgedReceipt>): Numbered[] {
  const headers = events.flatMap(({ header }) => header ?? []);
  const stated = [...receipts.values()].flatMap(({ batch }) => {
    if (batch?.batch.signed) return batch.batch.signed.header;
    const declared = batch?.batch.declared;
    return declared ? { ...declared, source: toHex(declared.source) } : [];
  });
  return [...headers, ...stated];
}

/** Events of a batch that were not shown: removed, or beyond a policy. Only their number can be told. */
function unshown(id: string, { batch }: JudgedReceipt, events: readonly JudgedEvent[], seesAll: boolean): Claim[] {
  const count = batch?.batch.signed?.header.count ?? batch?.batch.declared?.count;
  const shown = new Set(events.filter(({ batchId }) => batchId === id).map(({ index }) => index)).size;
  if (count === undefined || shown >= count) return [];
  const why = seesAll ? 'removed, the service says' : 'removed, or not covered by the policy';
  const detail = `batch ${id}: ${count - shown} of ${count} events are not shown (${why})`;
  return [{ claim: 'shown', verdict: seesAll ? 'claimed (not checked)' : 'not stated', detail }];
}

/** A batch of which no event is shown is in no session, but its receipt still has to hold. */
function brokenReceipt(id: string, judged: JudgedReceipt, events: readonly JudgedEvent[]): Claim[] {
  if (judged.ok || events.some(({ batchId }) => batchId === id)) return [];
  return judged.claims
    .filter(({ verdict }) => verdict === 'failed')
    .map((claim) => ({ ...claim, detail: `batch ${id}: ${claim.detail}` }));
}

function outcomeOf(
  { app, wallet }: ExpectedOwner,
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
    const what = id === null ? 'sealed' : `${time}  ${type}  ${id}`;
    return `  ${claim.verdict === 'failed' ? 'FAILED' : claim.verdict === 'ok' ? 'signed' : 'not signed by the user'}  ${what}  (${index + 1} in ${batchId.slice(0, 12)}…)`;
  });
  return [`${name}: ${events.length} events in ${batches} batches`, ...rows, ...shownClaims(claims), ''];
}
