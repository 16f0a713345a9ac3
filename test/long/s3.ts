import type { LongContext } from '../support/long.ts';
import { startS3 } from '../support/s3.ts';
import { s3UnderKills } from '../support/s3-under-kills.ts';

/**
 * `npm run test:long -- s3`: a longer log into a bucket, members and the store killed 15 times each. The last line of stdout is JSON with the figures.
 */
export default async function s3(_: LongContext): Promise<void> {
  const store = await startS3();
  try {
    const verdict = await s3UnderKills(store, { origins: 3_000, kills: 15, outages: 15 });
    process.stdout.write(`${JSON.stringify(verdict)}\n`);
    const { killed, outages, lost, doubled, back, left } = verdict;
    if (lost + doubled + back + left > 0 || killed < 15 || outages < 15)
      throw new Error('rows were lost, doubled or brought back, something was left, or too little was killed');
  } finally {
    await store.close();
  }
}
