import type { EncryptedBody } from '../../schemas/index.ts';

/** DAG-CBOR of `{app, meta, epoch, events, subject}` without what varies: head, keys, two 32-byte strings, a long epoch. */
const FRAME = 1 + 4 + 34 + 5 + 6 + 5 + 7 + 8 + 34;

/** Bytes of the batch as it will stand in its segment; up to four more than the truth where the epoch is small. */
export function encryptedBytes({ meta, events }: EncryptedBody): number {
  let bytes = FRAME + string(meta.length) + head(events.length);
  for (const event of events) {
    let scopes = 0;
    for (const name in event) {
      bytes += string(name.length) + string(event[name]?.length ?? 0);
      scopes += 1;
    }
    bytes += head(scopes);
  }
  return bytes;
}

const head = (n: number) => (n < 24 ? 1 : n < 0x100 ? 2 : n < 0x10000 ? 3 : 5);
const string = (length: number) => head(length) + length;
