import { RetriableError } from '../../services/pipeline/errors.ts';

/** Whether the node answers at all. @throws RetriableError `ipfs_unavailable` */
export async function pingKubo(url: string, timeoutMs: number): Promise<void> {
  let status: number;
  try {
    const answer = await fetch(new URL('/api/v0/version', url), {
      method: 'POST',
      signal: AbortSignal.timeout(timeoutMs),
    });
    await answer.body?.cancel();
    ({ status } = answer);
  } catch (cause) {
    throw new RetriableError('ipfs_unavailable', 'the IPFS node does not answer', { cause });
  }
  if (status !== 200) throw new RetriableError('ipfs_unavailable', `the IPFS node answers ${status}`);
}
