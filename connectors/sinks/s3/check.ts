import type { SinkContext } from '../../../services/pipeline/define-sink.ts';
import { FatalError } from '../../../services/pipeline/errors.ts';
import { claimOf, holdClaim } from '../claim.ts';
import { BOOKS } from '../folder/layout.ts';
import type { ObjectStore } from './store.ts';

/** Writes whose prefix this is, unless somebody has; and the store is asked to keep its word. @throws FatalError */
export async function checkStore(
  store: ObjectStore,
  context: Pick<SinkContext, 'log' | 'name'>,
  versions: boolean,
): Promise<void> {
  const [name, mine] = [`${BOOKS}/log`, claimOf(context)];
  if (!(await store.create(name, mine)))
    holdClaim((await store.read(name))?.text ?? '', context, `The export ${store.address}`, 'an empty prefix');
  if (await store.create(name, `${mine} `)) {
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
