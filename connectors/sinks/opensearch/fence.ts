import { RetriableError } from '../../../services/pipeline/errors.ts';
import type { OpenSearch } from './client.ts';
import type { Documents } from './documents.ts';

const BULK = 'indices:data/write/bulk*';
const DOCUMENT = 'fence';

interface Written {
  /** What rows go through now. */
  readonly current: string;
  /** Left, and not known to be closed. */
  readonly left: readonly string[];
}

/**
 * What rows go through on their way in: an ingest pipeline that does nothing, under a name that was never there before. Once it is deleted, the
 * cluster itself refuses whatever anybody still sends through it, however late: a member that slept adds nothing.
 */
export interface Fence {
  /** Asked before what may be shown is. */
  current(): Promise<string>;
  /** Another one for all members. Resolves once nothing goes through those before it any more, and nothing ever will. */
  change(): Promise<void>;
}

export function createFence({ ask }: OpenSearch, documents: Documents, books: string): Fence {
  const path = (fence: string) => `/_ingest/pipeline/${encodeURIComponent(fence)}`;

  /** A node that has not heard of a change would still go by what was before. */
  function acknowledged(heard: boolean): void {
    if (heard) return;
    throw new RetriableError(
      'sink_unavailable',
      'Not every node of OpenSearch has answered: look at its health. It is tried again until then.',
    );
  }

  async function open(): Promise<string> {
    // Ids that the cluster makes are made once.
    const { body } = await ask({ method: 'POST', path: `/${books}/_doc`, body: {} });
    const fence = `${books}-${body._id}`;
    const description = 'Rows of an export of cere-ddc go through here until something is erased or removed.';
    const made = await ask({ method: 'PUT', path: path(fence), body: { description, processors: [] } });
    acknowledged(made.body.acknowledged === true);
    return fence;
  }

  /** Whatever was let through before is a task until it is done. */
  async function drain(fence: string): Promise<void> {
    const query = { actions: BULK, detailed: true, group_by: 'none' };
    const { body } = await ask({ method: 'GET', path: '/_tasks', query });
    acknowledged((body.node_failures ?? []).length === 0);
    const tasks: { node: string; id: number; headers?: Record<string, string> }[] = body.tasks ?? [];
    for (const { node, id, headers } of tasks) {
      if (headers?.['X-Opaque-Id'] !== fence) continue;
      const wait = { wait_for_completion: true, timeout: '30s' };
      await ask({ method: 'GET', path: `/_tasks/${node}:${id}`, query: wait, accept: [404] });
    }
  }

  async function close(fence: string): Promise<void> {
    const { status, body } = await ask({ method: 'DELETE', path: path(fence), accept: [404] });
    acknowledged(status === 404 || body.acknowledged === true);
    await drain(fence);
    await ask({ method: 'DELETE', path: `/${books}/_doc/${fence.slice(books.length + 1)}`, accept: [404] });
  }

  async function change(): Promise<void> {
    const was = await documents.read<Written>(DOCUMENT);
    const next = await open();
    const left = was ? [...was.value.left, was.value.current] : [];
    if (!(await documents.replace(DOCUMENT, was, { current: next, left }))) {
      await close(next);
      return change();
    }
    for (const fence of left) await close(fence);
    const now = await documents.read<Written>(DOCUMENT);
    // Where another has changed it meanwhile they stay there, and are closed once more: that costs nothing.
    if (now?.value.current === next) await documents.replace(DOCUMENT, now, { current: next, left: [] });
  }

  return {
    async current() {
      const known = await documents.read<Written>(DOCUMENT);
      if (known) return known.value.current;
      await change();
      return this.current();
    },
    change,
  };
}
