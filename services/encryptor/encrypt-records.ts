import { type Batch, fromHex, ProtocolError } from '../../protocol/index.ts';
import type { Encrypted, Received } from '../../schemas/index.ts';
import type { Accepted } from '../pipeline/accepted.ts';
import { dlq, drop, type Outcome, ok, type Sender } from '../pipeline/outcome.ts';
import type { Admission } from '../pipeline/ports/admission.ts';
import type { OpenRoot, Vault } from '../pipeline/ports/vault.ts';
import type { Rules } from '../pipeline/rules/rules.ts';
import { checkBatch } from './check-batch.ts';
import { encryptBatch } from './encrypt-batch.ts';
import { createFlushKeys, type FlushKeys } from './flush-keys.ts';
import { openReceived, type Transit } from './open-received.ts';
import { passClientBatch } from './pass-client-batch.ts';

export interface EncryptRecordsDeps {
  readonly vault: Pick<Vault, 'roots'>;
  readonly admission: Pick<Admission, 'admit'>;
  /** Cryptographically strong bytes. */
  random(length: number): Uint8Array;
  readonly rules: Pick<Rules, 'duplicates'>;
  readonly transit: Transit;
}

/** What is known of a record before anything is written down about it. */
type Reading =
  | { readonly kind: 'batch'; readonly batch: Batch; readonly root: OpenRoot }
  | { readonly kind: 'dead'; readonly code: string; readonly cause: unknown; readonly sender?: Sender }
  | { readonly kind: 'erased' };

/** The vault has no such root: restore `user_roots`, then retry the dead letters. */
class RootMissing extends Error {
  constructor(rootVersion: number) {
    super(`the vault has no root version ${rootVersion} of this wallet in this app, not even an overwritten one`);
    this.name = 'RootMissing';
  }
}

/** After this many events the event loop gets a turn, so that heartbeats go out in the middle of a flush. */
const EVENTS_PER_TURN = 500;

/**
 * Turns a flush of `received` into `encrypted`: one question to the vault, one to the admission, envelopes for what is let
 * in. Dead records claim their batch id as well: a retry takes it over from them, and a second copy is a duplicate.
 */
export function createEncryptRecordsStep(deps: EncryptRecordsDeps) {
  const { vault, admission, rules, transit, random } = deps;
  return async (accepted: readonly Accepted<Received>[], partition: number): Promise<Outcome<Encrypted>[]> => {
    const keys = createFlushKeys();
    const turn = createTurns();
    // The vault asks the database once per distinct owner.
    const roots = await vault.roots(accepted.map(({ value }) => value));
    try {
      const readings: Reading[] = [];
      for (const [i, { value }] of accepted.entries()) {
        const reading = read(value, roots[i], keys, transit);
        readings.push(reading);
        await turn(reading.kind === 'batch' ? reading.batch.events.length : 1);
      }
      const verdicts = await admission.admit(
        partition,
        accepted.map(({ value, origin, retryOf }, i) => {
          const { batchId, app, wallet, rootVersion } = value;
          return { batchId, app, wallet, rootVersion, origin, retryOf, issuedAt: issuedAtOf(readings[i]) };
        }),
      );
      const outcomes: Outcome<Encrypted>[] = [];
      for (const [i, reading] of readings.entries()) {
        const { value } = accepted[i] as Accepted<Received>;
        const verdict = verdicts[i] === 'duplicate' && !rules.duplicates ? null : (verdicts[i] ?? null);
        if (verdict !== null) outcomes.push(drop(verdict, senderOf(reading)));
        else if (reading.kind === 'erased') outcomes.push(drop('erased'));
        else if (reading.kind === 'dead') outcomes.push(dlq(reading.code, reading.cause, reading.sender));
        else {
          outcomes.push(encrypt(value, reading.batch, reading.root, keys, random));
          await turn(reading.batch.events.length);
        }
      }
      return outcomes;
    } finally {
      keys.forget(roots);
    }
  };
}

/** Whether the root is still there is judged before the body is opened. A lost one is no erasure: its batches wait as dead letters. */
function read(received: Received, root: OpenRoot | null | undefined, keys: FlushKeys, transit: Transit): Reading {
  if (root === null) return { kind: 'erased' };
  if (root === undefined) return { kind: 'dead', code: 'root_missing', cause: new RootMissing(received.rootVersion) };
  const batch = openReceived(received, root, keys, transit);
  if ('code' in batch) return { kind: 'dead', ...batch };
  const refused = (code: string, cause: unknown): Reading => ({ kind: 'dead', code, cause, sender: sender(batch) });
  try {
    const mismatch = checkBatch(batch, received, root);
    if (mismatch) return refused(mismatch.code, mismatch);
  } catch (cause) {
    if (cause instanceof ProtocolError) return refused(cause.code, cause);
    throw cause;
  }
  return { kind: 'batch', batch, root };
}

function encrypt(received: Received, batch: Batch, root: OpenRoot, keys: FlushKeys, random: (n: number) => Uint8Array) {
  const { batchId, app, wallet, rootVersion } = received;
  const body = batch.client ? passClientBatch(batch, batch.client) : encryptBatch({ batch, root, app, keys, random });
  return ok({ batchId, app, wallet, rootVersion, ...sender(batch), reason: null, body });
}

const sender = ({ header }: Batch): Sender => ({ source: fromHex(header.source, 16), seq: header.seq });
const issuedAtOf = (reading?: Reading) => (reading?.kind === 'batch' ? reading.batch.header.issuedAt : null);

function senderOf(reading: Reading): Sender | undefined {
  if (reading.kind === 'batch') return sender(reading.batch);
  return reading.kind === 'dead' ? reading.sender : undefined;
}

function createTurns(): (events: number) => Promise<void> | undefined {
  let since = 0;
  return (events) => {
    since += events;
    if (since < EVENTS_PER_TURN) return undefined;
    since = 0;
    return new Promise((resolve) => setImmediate(resolve));
  };
}
