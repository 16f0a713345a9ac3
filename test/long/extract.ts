import { deepStrictEqual, strictEqual } from 'node:assert';
import { runExtract } from '../extract/run.ts';
import type { LongContext } from '../support/long.ts';
import { suiteSandbox } from '../support/sandbox.ts';

/**
 * `npm run test:long -- extract [events] [wallets] [apps]`: 20,000 events of 500 wallets and 5 apps are written, extracted per wallet and per
 * app, and what is said when one batch was deleted behind the service and others were removed.
 * @throws when anything else comes than was written, or the deleted batch is not told as missing
 */
export default async function extract({ stack, args }: LongContext): Promise<void> {
  const [events = '20000', wallets = '500', apps = '5'] = args;
  Object.assign(process.env, stack.env);
  const sandbox = await suiteSandbox('extract', { rooms: ['api', 'encryptor', 'pinner', 'indexer'] });
  try {
    const say = (line: string) => void process.stderr.write(`${new Date().toISOString()} ${line}\n`);
    const sizes = { events: Number(events), wallets: Number(wallets), apps: Number(apps) };
    const { different, complete, damaged, wanted, ...figures } = await runExtract(sandbox, { ...sizes, say });
    process.stdout.write(`${JSON.stringify({ ...figures, different: different.length })}\n`);
    deepStrictEqual(different, []);
    // Of every owner, once by itself and once by its app.
    deepStrictEqual(complete, Array(2 * sizes.wallets * sizes.apps).fill(true));
    for (const { events: left, completeness } of damaged) {
      deepStrictEqual(left, wanted.events);
      const [source] = completeness?.sources ?? [];
      deepStrictEqual(source?.missing, [[wanted.deletedSeq, wanted.deletedSeq]]);
      const removed = source?.removed.map(({ seq, all }) => [seq, all]);
      deepStrictEqual(removed, [
        [wanted.partlySeq, false],
        [wanted.removedSeq, true],
      ]);
      strictEqual(completeness?.complete, false);
    }
  } finally {
    await sandbox.close();
  }
}
