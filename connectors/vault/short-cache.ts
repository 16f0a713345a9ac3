import { RetriableError } from '../../services/pipeline/errors.ts';

export interface ShortCacheOptions<K, V> {
  keyOf(request: K): string;
  /** Answers requests, distinct by key, in order. */
  load(requests: readonly K[]): Promise<V[]>;
  /** Milliseconds, monotonic: a clock that can be set back would lengthen what is kept. */
  now(): number;
  /** An answer is never given later than this after its load was *started*. Milliseconds. */
  ttlMs: number;
  /** Most answers kept. */
  maxEntries: number;
  /** Most requests per load. */
  maxBatch: number;
  /** What each caller gets of an answer: a copy, where a caller overwrites secrets after use. Default: the answer itself. */
  give?(value: V): V;
  /** Whether an answer is kept for later callers. Default: every one. */
  keeps?(value: V): boolean;
  /** Told of every answer that is no longer kept: secrets in it are overwritten here. */
  onDrop?(value: V): void;
}

export interface ShortCache<K, V> {
  ask(requests: readonly K[]): Promise<V[]>;
  /** Drops everything. */
  close(): void;
}

interface Entry<V> {
  readonly value: V;
  readonly until: number;
}

/**
 * A cache that is also a queue: what is asked while loads are under way shares the next one, and an owner that is being
 * asked for is not asked twice. Age counts from the start of the load, because the answer may be as old as that. What is too
 * old is dropped by a timer, not when it is next asked for: a key that nobody asks for again must not stay in memory.
 */
export function createShortCache<K, V>(options: ShortCacheOptions<K, V>): ShortCache<K, V> {
  const {
    keyOf,
    load,
    now,
    ttlMs,
    maxEntries,
    maxBatch,
    give = (value) => value,
    keeps = () => true,
    onDrop,
  } = options;
  const kept = new Map<string, Entry<V>>();
  const asked = new Map<string, Promise<V>>();
  let waiting: { request: K; key: string; resolve(value: V): void; reject(error: unknown): void }[] = [];
  let loads = 0;

  let timer: ReturnType<typeof setTimeout> | null = null;

  const drop = (key: string) => {
    const entry = kept.get(key);
    kept.delete(key);
    // After the turn in which it was answered: whoever waits for it takes a copy first.
    if (entry && onDrop) setImmediate(onDrop, entry.value);
  };
  const keep = (key: string, entry: Entry<V>) => {
    drop(key);
    kept.set(key, entry);
    if (kept.size > maxEntries)
      for (const oldest of [...kept.keys()].slice(0, Math.ceil(maxEntries / 10))) drop(oldest);
    timer ??= setTimeout(dropOld, ttlMs / 4).unref();
  };
  /** Entries stand in the order of their ends, so the first that is young ends the search. */
  function dropOld(): void {
    for (const [key, { until }] of kept) {
      if (until >= now()) break;
      drop(key);
    }
    timer = kept.size > 0 ? setTimeout(dropOld, ttlMs / 4).unref() : null;
  }

  async function run(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, maxBatch);
      waiting = waiting.slice(maxBatch);
      const until = now() + ttlMs;
      try {
        const values = await load(batch.map(({ request }) => request));
        if (now() > until) {
          for (const value of values) onDrop?.(value);
          throw new RetriableError('vault_slow', `the vault took longer than ${ttlMs} ms to answer`);
        }
        batch.forEach(({ key, resolve }, i) => {
          const value = values[i] as V;
          if (keeps(value)) keep(key, { value, until });
          resolve(value);
        });
      } catch (error) {
        for (const { reject } of batch) reject(error);
      } finally {
        for (const { key } of batch) asked.delete(key);
      }
    }
  }

  function ask(request: K, key: string): Promise<V> {
    let answer = asked.get(key);
    if (!answer) {
      answer = new Promise<V>((resolve, reject) => waiting.push({ request, key, resolve, reject }));
      asked.set(key, answer);
    }
    return answer;
  }

  async function askAll(requests: readonly K[]): Promise<V[]> {
    const answers = requests.map(async (request) => {
      const key = keyOf(request);
      const entry = kept.get(key);
      return give(entry && entry.until >= now() ? entry.value : await ask(request, key));
    });
    // Two loads at a time: one that waits for the database does not hold up the next.
    if (waiting.length > 0 && loads < 2) {
      loads += 1;
      void run().finally(() => {
        loads -= 1;
      });
    }
    try {
      return await Promise.all(answers);
    } catch (error) {
      // The caller gets nothing, so nobody overwrites what was copied for it.
      if (options.give) for (const one of await Promise.allSettled(answers)) if ('value' in one) onDrop?.(one.value);
      throw error;
    }
  }

  return {
    ask: askAll,
    close() {
      if (timer) clearTimeout(timer);
      for (const key of [...kept.keys()]) drop(key);
    },
  };
}
