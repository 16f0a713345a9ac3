import { FatalError } from '../../../services/pipeline/errors.ts';
import { BOOKS } from '../folder/layout.ts';
import type { ObjectStore } from './store.ts';

/** The first export that uses a prefix writes which log it reads: offsets mean nothing in another. And the store is asked to keep its word. */
export async function checkStore(store: ObjectStore, log: string, versions: boolean): Promise<void> {
  const name = `${BOOKS}/log`;
  if (!(await store.create(name, log))) {
    const theirs = (await store.read(name))?.text;
    throw new FatalError(
      'another_log',
      `The export ${store.address} counts offsets of log ${theirs}, but the topics are log ${log}. Use an empty prefix.`,
    );
  }
  if (await store.create(name, `${log} `)) {
    throw new FatalError(
      'sink_not_atomic',
      `The store of ${store.address} writes over what is there although it was told not to (If-None-Match): two processes could both deliver. Use one that knows conditional writes.`,
    );
  }
  // What keeps versions only makes erased rows noncurrent, so whoever does not say that this is good enough has to be sure.
  const kept = versions ? 'none' : await store.versions();
  if (kept === 'kept') {
    throw new FatalError(
      'sink_keeps_versions',
      `The bucket of ${store.address} keeps old versions, or has kept some (versioning is on, or suspended), so what is erased or removed would stay in it. Use a bucket that never did, or set \`versions: true\` and let a lifecycle rule delete old versions.`,
    );
  }
  if (kept === 'untold') {
    throw new FatalError(
      'sink_versions_untold',
      `These keys may not ask whether the bucket of ${store.address} keeps old versions, in which what is erased or removed would stay. Allow s3:GetBucketVersioning on the bucket, or set \`versions: true\` and let a lifecycle rule delete old versions.`,
    );
  }
}
