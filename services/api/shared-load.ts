/**
 * Look-ups that arrive while one is under way share the next one: under load one round trip serves many requests,
 * without load nobody waits for company.
 * @param fetch one answer per key, in order; when it throws, all that shared it get the error
 * @param most keys in one call
 */
export function createSharedLoad<K, V>(
  fetch: (keys: readonly K[]) => Promise<readonly V[]>,
  most: number,
): (key: K) => Promise<V> {
  interface Waiting {
    readonly key: K;
    readonly resolve: (value: V) => void;
    readonly reject: (error: unknown) => void;
  }
  let waiting: Waiting[] = [];
  let running = false;

  const run = async () => {
    running = true;
    while (waiting.length > 0) {
      const shared = waiting.slice(0, most);
      waiting = waiting.slice(most);
      try {
        const values = await fetch(shared.map((one) => one.key));
        if (values.length !== shared.length) throw new Error(`${values.length} answers for ${shared.length} keys`);
        shared.forEach((one, index) => {
          one.resolve(values[index] as V);
        });
      } catch (error) {
        for (const one of shared) one.reject(error);
      }
    }
    running = false;
  };

  return (key) =>
    new Promise<V>((resolve, reject) => {
      waiting.push({ key, resolve, reject });
      if (!running) void run();
    });
}
