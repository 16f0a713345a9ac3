import { blake2b256 } from '../../protocol/index.ts';
import { CborWriter, headSize, LIST, MAP, UINT } from './cbor.ts';

/** One batch as it stands in a segment. */
export interface SegmentBatch {
  readonly subject: Uint8Array;
  readonly app: Uint8Array;
  readonly epoch: number;
  /** Envelope of scope `__meta`. */
  readonly meta: Uint8Array;
  /** In batch order: scope name → envelope. */
  readonly events: readonly Readonly<Record<string, Uint8Array>>[];
}

export interface BatchBlock {
  /** DAG-CBOR of the batch. */
  readonly encoded: Uint8Array;
  /** BLAKE2b-256 of `encoded`: what is settled and proved. */
  readonly hash: Uint8Array;
  /** Bytes of all its envelopes, meta included: what is charged. */
  readonly bytes: number;
}

type Sorted = readonly (readonly [name: string, envelope: Uint8Array])[];

/** Encodes a batch once; segments are then put together from these bytes. */
export function batchBlock(batch: SegmentBatch): BatchBlock {
  let bytes = batch.meta.length;
  let size = 1 + key('app') + str(32) + key('meta') + str(batch.meta.length);
  size +=
    key('epoch') + headSize(batch.epoch) + key('events') + headSize(batch.events.length) + key('subject') + str(32);
  const events: Sorted[] = [];
  for (const event of batch.events) {
    const scopes = Object.entries(event);
    if (scopes.length > 1) scopes.sort(canonical);
    size += headSize(scopes.length);
    for (const [name, envelope] of scopes) {
      size += str(name.length) + str(envelope.length);
      bytes += envelope.length;
    }
    events.push(scopes);
  }
  const encoded = write(size, batch, events);
  return { encoded, hash: blake2b256(encoded), bytes };
}

function write(size: number, batch: SegmentBatch, events: readonly Sorted[]): Uint8Array {
  const writer = new CborWriter(size);
  // DAG-CBOR orders the keys of a map by length, then by bytes.
  writer.head(MAP, 5).text('app').byteString(batch.app).text('meta').byteString(batch.meta);
  writer.text('epoch').head(UINT, batch.epoch).text('events').head(LIST, events.length);
  for (const scopes of events) {
    writer.head(MAP, scopes.length);
    for (const [name, envelope] of scopes) writer.text(name).byteString(envelope);
  }
  return writer.text('subject').byteString(batch.subject).finish();
}

const canonical = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]) =>
  a.length - b.length || (a < b ? -1 : 1);
const str = (length: number) => headSize(length) + length;
const key = (name: string) => str(name.length);
