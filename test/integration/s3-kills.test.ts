import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type S3, startS3 } from '../support/s3.ts';
import { s3UnderKills } from '../support/s3-under-kills.ts';

let s3: S3;
beforeAll(async () => {
  s3 = await startS3();
}, 300_000);
afterAll(() => s3.close());

it('loses, doubles and brings back nothing while members and the store are killed', async () => {
  const verdict = await s3UnderKills(s3, { origins: 120, kills: 3, outages: 2 });
  expect(verdict).toMatchObject({ killed: 3, outages: 2, lost: 0, doubled: 0, back: 0, left: 0 });
  expect(verdict.rows).toBe(3 * (120 - 3));
  // Two tables of three days, one partition: so few only because small ones were merged.
  expect(verdict.objects).toBeLessThan(60);
}, 180_000);
