import { gzipSync } from 'node:zlib';
import { afterAll, expect, test } from '@jest/globals';
import { CompressionCodecs, CompressionTypes } from 'kafkajs';
import { capGzip } from './gzip-cap.ts';

interface GzipCodec {
  compress(encoder: { buffer: Buffer }): Promise<Buffer>;
  decompress(buffer: Buffer): Promise<Buffer>;
}
const codec = () => (CompressionCodecs[CompressionTypes.GZIP] as () => GzipCodec)();

afterAll(() => capGzip());

test('a record batch that unfolds beyond the cap is refused before it fills the memory', async () => {
  capGzip(10_000);
  await expect(codec().decompress(gzipSync(Buffer.alloc(10_001)))).rejects.toMatchObject({
    code: 'ERR_BUFFER_TOO_LARGE',
  });
  expect(await codec().decompress(gzipSync(Buffer.alloc(10_000)))).toHaveLength(10_000);
});

test('what is within it comes back', async () => {
  capGzip();
  expect((await codec().decompress(await codec().compress({ buffer: Buffer.from('abc') }))).toString()).toBe('abc');
});
