import { blobChunks } from './blob.ts';
import { concat, equalBytes, fromUtf8, isBytes } from './bytes.ts';
import { blockCid, cidText, rawCidBytes } from './cid.ts';
import { encodeCbor } from './dag-cbor.ts';
import { ProtocolError } from './errors.ts';
import { checkEpoch } from './keys.ts';
import { isScopeName } from './scope-name.ts';

/** What stands at the top of a blob: everything but the key that its chunks need. */
export interface BlobTop {
  readonly scope: string;
  readonly epoch: number;
  /** 16 bytes. */
  readonly id: Uint8Array;
  /** Bytes of plaintext. */
  readonly size: number;
  /** The addresses of the chunks' blocks, in base32. */
  readonly chunks: readonly string[];
}

const MAP_OF_6 = Uint8Array.of(0xa6);
/** Tag 42, and the byte string of 39 bytes of a CID behind a zero byte (https://ipld.io/specs/codecs/dag-cbor/spec/#links). */
const LINK = Uint8Array.of(0xd8, 0x2a, 0x58, 0x27, 0x00);
const CID_BYTES = 38;

const named = (name: string, value: Uint8Array) => concat(encodeCbor(name), value);
const listHead = (n: number) => (n < 24 ? Uint8Array.of(0x80 | n) : Uint8Array.of(0x98, n));

function link(cid: string): Uint8Array {
  const bytes = rawCidBytes(cid);
  if (bytes === null) throw new ProtocolError('blob_top', 'a chunk');
  return concat(LINK, bytes);
}

/**
 * The block of DAG-CBOR {v: 1, scope, epoch, id, size, chunks: [link]}, its members in canonical order.
 * @throws ProtocolError `scope`, `epoch`, `blob_id`, `blob_size`, `blob_top`.
 */
export function encodeBlobTop({ scope, epoch, id, size, chunks }: BlobTop): Uint8Array {
  if (!isScopeName(scope)) throw new ProtocolError('scope');
  checkEpoch(epoch);
  if (!isBytes(id, 16)) throw new ProtocolError('blob_id');
  if (chunks.length !== blobChunks(size)) throw new ProtocolError('blob_top', 'the number of chunks');
  return concat(
    MAP_OF_6,
    named('v', encodeCbor(1)),
    named('id', encodeCbor(id)),
    named('size', encodeCbor(size)),
    named('epoch', encodeCbor(epoch)),
    named('scope', encodeCbor(scope)),
    named('chunks', concat(listHead(chunks.length), ...chunks.map(link))),
  );
}

/** Reads the members in their order, without judging: what was read is encoded again and compared. */
function readTop(block: Uint8Array): BlobTop {
  let at = MAP_OF_6.length;
  const take = (length: number) => {
    if (length > block.length - at) throw new ProtocolError('blob_top', 'cut short');
    at += length;
    return block.subarray(at - length, at);
  };
  const count = () => {
    const short = (take(1)[0] as number) & 31;
    if (short < 24) return short;
    let n = 0;
    for (const byte of take(short > 27 ? block.length : 2 ** (short - 24))) n = n * 256 + byte;
    return n;
  };
  const name = () => void take(count());
  name();
  count();
  name();
  const id = take(count()).slice();
  name();
  const size = count();
  name();
  const epoch = count();
  name();
  const scope = fromUtf8(take(count()));
  name();
  const chunks: string[] = [];
  for (let left = count(); left > 0; left--) {
    take(LINK.length);
    chunks.push(cidText(take(CID_BYTES)));
  }
  return { id, size, epoch, scope, chunks };
}

/**
 * Reads the top of a blob once its bytes are those that its address names; only what `encodeBlobTop` makes is accepted.
 * @param cid CIDv1 in base32. @throws ProtocolError `cid`, `blob_top`.
 */
export function decodeBlobTop(block: Uint8Array, cid: string): BlobTop {
  if (blockCid(block) !== cid) throw new ProtocolError('cid');
  try {
    const top = readTop(block);
    if (equalBytes(encodeBlobTop(top), block)) return top;
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
  }
  throw new ProtocolError('blob_top');
}
