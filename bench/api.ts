import { ready } from '../protocol/index.ts';
import { extract } from './api/extract.ts';
import { single } from './api/single.ts';
import { machine } from './machine.ts';

/** `npm run bench -- api`: what the API's own work costs its callers, against bare servers. */
export async function bench(options: { rounds: number; json: boolean }): Promise<void> {
  await ready();
  console.log(
    `${machine()}. One real broker of one node, acks=all; the server on one core, broker and load on the other.`,
  );
  const figures = { ...(await single(options.rounds)), ...(await extract(options.rounds)) };
  if (options.json) console.log(JSON.stringify({ ...figures, rounds: options.rounds }));
}
