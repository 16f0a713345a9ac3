import { ready } from '../protocol/index.ts';
import { extract } from './api/extract.ts';
import { machine } from './machine.ts';

/** `npm run bench -- api`: what the API's own work costs its callers, against bare servers. */
export async function bench(options: { rounds: number; json: boolean }): Promise<void> {
  await ready();
  console.log(`${machine()}. The server on one core, everything else on the other.`);
  const figures = await extract(options.rounds);
  if (options.json) console.log(JSON.stringify({ ...figures, rounds: options.rounds }));
}
