import { hasPassed } from '../pipeline/clock.ts';
import type { Log } from '../pipeline/log.ts';

/** Who called: a key in hex, and by which token or signed request. */
export interface AuditedCaller {
  readonly signer: 'wallet' | 'app';
  readonly key: string;
  /** Id of the token or request. */
  readonly id: string;
}

/** One line of the audit log. */
export interface Audited {
  readonly requestId: string;
  /** Shortened: /24 or /48. */
  readonly address: string;
  readonly method: string;
  /** As documented, `/v1/wallets/{wallet}/…`. */
  readonly route: string;
  /** null: nobody who could prove it. */
  readonly caller: AuditedCaller | null;
  /** On whom, in hex; null: the route names none. */
  readonly app: string | null;
  readonly wallet: string | null;
  /** null: the connection ended before there was an answer. */
  readonly status: number | null;
  /** Of the refusal; null: done. */
  readonly code: string | null;
  /** The connection ended before the last byte was out: how much of it was read is not known. */
  readonly endedEarly: boolean;
}

export type Audit = (line: Audited) => void;

/**
 * Refusals of requests that could not be read, or that only came at the wrong moment: nothing was done and nobody was refused a right. They are
 * counted (`ddc_api_refusals_total`); lines of them would let anybody fill the disk.
 */
const NOT_AUDITED: ReadonlySet<number | null> = new Set([400, 404, 405, 408, 413, 414, 415, 429, 503]);

/** Who proved nothing could fill the disk at no cost: of those one line so often, which counts the others. */
const UNPROVEN_LINE_MS = 60_000;

/** Who did what on whom, when, and what came of it. Never what was in it. @param log logger `audit` @param now milliseconds */
export function createAudit(log: Pick<Log, 'info'>, now: () => number): Audit {
  let toldAt = Number.NEGATIVE_INFINITY;
  let unproven = 0;

  return ({ caller, ...line }) => {
    if (NOT_AUDITED.has(line.status)) return;
    const outcome = line.endedEarly ? 'ended early' : line.code === null ? 'done' : 'refused';
    if (caller !== null) return log.info({ ...line, caller: { ...caller } }, outcome);
    unproven += 1;
    if (!hasPassed(UNPROVEN_LINE_MS, toldAt, now())) return;
    log.info({ ...line, caller, count: unproven }, outcome);
    toldAt = now();
    unproven = 0;
  };
}
