import { isBytes } from './bytes.ts';
import { blockCid } from './cid.ts';
import { type Cbor, decodeCbor } from './dag-cbor.ts';
import { ProtocolError } from './errors.ts';
import { checkEpoch } from './keys.ts';

/** A batch as it stands in a segment: all that public storage shows of it. */
export interface StoredBatch {
  /** 32 bytes. */
  readonly subject: Uint8Array;
  /** 32 bytes. */
  readonly app: Uint8Array;
  readonly epoch: number;
  /** Envelope of scope `__meta`. */
  readonly meta: Uint8Array;
  /** In batch order: scope name → envelope. */
  readonly events: readonly Readonly<Record<string, Uint8Array>>[];
}

/** An envelope in a map of scopes, in a list of events, in a batch, in a list of batches, in a segment. */
const DEEPEST = 5;

type CborMap = { readonly [name: string]: Cbor };

function map(value: Cbor | undefined, names: number): CborMap {
  if (typeof value !== 'object' || Array.isArray(value) || value instanceof Uint8Array)
    throw new ProtocolError('segment');
  if (names > 0 && Object.keys(value).length !== names) throw new ProtocolError('segment');
  return value;
}

function list(value: Cbor | undefined): readonly Cbor[] {
  if (!Array.isArray(value)) throw new ProtocolError('segment');
  return value;
}

function readBatch(value: Cbor): StoredBatch {
  const { subject, app, epoch, meta, events } = map(value, 5);
  if (!isBytes(subject, 32) || !isBytes(app, 32) || !(meta instanceof Uint8Array)) throw new ProtocolError('segment');
  checkEpoch(epoch as number);
  return {
    ...{ subject, app, epoch: epoch as number, meta },
    events: list(events).map((event) => {
      const scopes = map(event, 0);
      for (const envelope of Object.values(scopes))
        if (!(envelope instanceof Uint8Array)) throw new ProtocolError('segment');
      return scopes as Record<string, Uint8Array>;
    }),
  };
}

/**
 * The batches of a segment, by slot, once its bytes are those that its address names: the node that gave them need not be trusted.
 * @param cid CIDv1 in base32. @throws ProtocolError `cid`, `segment`, or a code of `decodeCbor`.
 */
export function readSegment(block: Uint8Array, cid: string): StoredBatch[] {
  if (blockCid(block) !== cid) throw new ProtocolError('cid');
  const { v, batches } = map(decodeCbor(block, DEEPEST), 2);
  if (v !== 1) throw new ProtocolError('segment');
  return list(batches).map(readBatch);
}
