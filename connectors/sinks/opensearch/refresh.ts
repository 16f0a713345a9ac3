import type { OpenSearch } from './client.ts';

/**
 * Lets searches find all that was written to an index.
 * @returns false when it is not there: its name was taken, and whoever took it died before making it. Nothing may wait for that: what is due
 *   before the next row is due before the index
 */
export async function refresh({ ask }: OpenSearch, index: string): Promise<boolean> {
  const { status } = await ask({ method: 'POST', path: `/${index}/_refresh`, accept: [404] });
  return status !== 404;
}
