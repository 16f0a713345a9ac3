import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import kafkajs from 'kafkajs';

// Node finds only some of the CommonJS module's names; the default export has them all.
const { CompressionCodecs, CompressionTypes } = kafkajs;

/** What one compressed record batch may unfold to; ours are never compressed, so this bounds only foreign data. */
const MAX_INFLATED_BYTES = 16 * 1024 * 1024;

const inflate = promisify<Uint8Array, { maxOutputLength: number }, Buffer>(gunzip);
const deflate = promisify<Uint8Array, Buffer>(gzip);

/** kafkajs unfolds gzip without a limit; this replaces its codec, which is one table for the whole process. */
export function capGzip(maxInflatedBytes = MAX_INFLATED_BYTES): void {
  CompressionCodecs[CompressionTypes.GZIP] = () => ({
    compress: (encoder: { buffer: Buffer }) => deflate(encoder.buffer),
    decompress: (buffer: Buffer) => inflate(buffer, { maxOutputLength: maxInflatedBytes }),
  });
}
