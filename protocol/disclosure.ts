import { fromHex, isHex, toHex } from './bytes.ts';
import { closeEvent } from './close-event.ts';
import { ProtocolError, shownName } from './errors.ts';
import { type Event, members, parseEvent, type RemovedEvent, unknownMember } from './event.ts';
import { batchId, type Header, parseHeader } from './header.ts';
import { leafOf } from './leaf.ts';
import { proofIn, rootFromProof, treeLevels } from './tree.ts';
import { isSigned } from './verify-batch.ts';

/** Proves the signature over some scopes of one event and shows only names and commitments of the rest. */
export interface Disclosure {
  /** The signed header of the batch. */
  header: Header;
  /** Which event of the batch, from 0. */
  index: number;
  /** Sibling hashes from the leaf upwards, hex. */
  proof: string[];
  /** Disclosed scopes as `{salt, data}`, the others as `{commitment}`. */
  event: Event;
}

/**
 * Discloses the given scopes of event `index`. They must be `{salt, data}` in `batch.events`; everything else is closed.
 * @param batch a `VerifiedBatch`, or the meta of a batch with the scopes that were opened put back. @param index from 0.
 * @param levels `treeLevels` of the leaves, for whoever discloses many events of one batch
 * @example verifyDisclosure(disclose(verifyBatch(batch, { network }), 0, ['geo'])).opened // { geo: '{"city":"Bern"}' }
 * @throws ProtocolError `disclosure` when the event was removed, `scope` when a scope is not there or not open, `proof` without such an event.
 */
export function disclose(
  batch: { header: Header; events: readonly (Event | RemovedEvent)[]; leaves: readonly Uint8Array[] },
  index: number,
  scopes: readonly string[],
  levels = treeLevels(batch.leaves),
): Disclosure {
  const proof = proofIn(levels, index).map(toHex);
  const event = batch.events[index];
  if (event === undefined || 'leaf' in event) throw new ProtocolError('disclosure', 'the event was removed');
  for (const name of scopes) {
    const scope = event.scopes[name];
    if (scope === undefined || !('data' in scope)) throw new ProtocolError('scope', shownName(name));
  }
  return { header: batch.header, index, proof, event: closeEvent(event, new Set(scopes)) };
}

/**
 * Checks the form of a disclosure that came as JSON; whether it is true is for `verifyDisclosure`, which calls this. Returns its parts, not copied.
 * @throws ProtocolError `disclosure`, `field`, `proof`, or the code of a malformed field of header or event.
 */
export function parseDisclosure(value: unknown): Disclosure {
  const disclosure = members(value, 'disclosure');
  for (const name in disclosure) {
    if (name !== 'header' && name !== 'index' && name !== 'proof' && name !== 'event')
      throw unknownMember(name, 'a disclosure');
  }
  const { index, proof } = disclosure;
  const header = parseHeader(disclosure.header);
  const event = parseEvent(disclosure.event);
  if (Object.values(event.scopes).some((scope) => 'envelope' in scope)) throw new ProtocolError('disclosure');
  if (!Number.isSafeInteger(index)) throw new ProtocolError('proof', 'index');
  if (!Array.isArray(proof) || !proof.every((hash) => isHex(hash, 32))) throw new ProtocolError('proof');
  return { header, index: index as number, proof, event };
}

/**
 * Verifies a disclosure from anywhere: form, inclusion and signature. Who signed, and for which network, is in its header.
 * @returns the data of the opened scopes, and what they belong to.
 * @throws ProtocolError `proof`, `signature`, or the code of a malformed field.
 */
export function verifyDisclosure(disclosure: unknown): {
  opened: Record<string, string>;
  header: Header;
  event: Event;
  leaf: Uint8Array;
  root: Uint8Array;
  batchId: Uint8Array;
} {
  const { header, index, proof, event } = parseDisclosure(disclosure);
  const leaf = leafOf(event);
  const root = rootFromProof(
    leaf,
    index,
    header.count,
    proof.map((hash) => fromHex(hash)),
  );
  if (root === null) throw new ProtocolError('proof');
  if (!isSigned(header, root)) throw new ProtocolError('signature');
  const opened: Record<string, string> = {};
  for (const [name, scope] of Object.entries(event.scopes)) if ('data' in scope) opened[name] = scope.data;
  return { opened, header, event, leaf, root, batchId: batchId(header, root) };
}
