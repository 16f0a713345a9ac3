/** One system that the API needs, or is better with. */
export interface Dependency {
  readonly name: string;
  /** Whether nothing can be accepted without it. Otherwise its absence is told, and the API stays ready. */
  readonly required: boolean;
  /** Cheap. @throws why it does not serve */
  readonly check: () => Promise<unknown>;
}

export interface DependencyState {
  readonly ok: boolean;
  readonly required: boolean;
  /** Why not. */
  readonly why?: string;
}

export interface ReadyState {
  readonly ready: boolean;
  readonly state: 'ready' | 'degraded' | 'not ready' | 'draining' | 'starting';
  readonly dependencies: Readonly<Record<string, DependencyState>>;
}

export interface Readiness {
  look(): Promise<ReadyState>;
}

const KEEP_MS = 2_000;
const TIMEOUT_MS = 1_000;

/**
 * Whether requests should come here. All dependencies are asked at once, at most every 2 s however often anybody looks, and each has 1 s to answer.
 * @param phase what the process says of itself; while it serves, the dependencies decide
 * @param now milliseconds, monotonic
 */
export function createReadiness(
  dependencies: readonly Dependency[],
  phase: () => 'starting' | 'serving' | 'draining',
  now: () => number,
): Readiness {
  let kept: { readonly since: number; readonly found: Promise<ReadyState['dependencies']> } | null = null;

  const look = async (): Promise<ReadyState['dependencies']> => {
    const states = await Promise.all(dependencies.map(async (one) => [one.name, await stateOf(one)] as const));
    return Object.fromEntries(states);
  };

  return {
    async look() {
      if (!kept || now() - kept.since >= KEEP_MS) kept = { since: now(), found: look() };
      const found = await kept.found;
      const at = phase();
      if (at !== 'serving') return { ready: false, state: at, dependencies: found };
      const bad = Object.values(found).filter(({ ok }) => !ok);
      if (bad.some(({ required }) => required)) return { ready: false, state: 'not ready', dependencies: found };
      return { ready: true, state: bad.length > 0 ? 'degraded' : 'ready', dependencies: found };
    },
  };
}

async function stateOf({ required, check }: Dependency): Promise<DependencyState> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${TIMEOUT_MS} ms`)), TIMEOUT_MS);
  });
  try {
    await Promise.race([check(), late]);
    return { ok: true, required };
  } catch (error) {
    return { ok: false, required, why: reasonOf(error) };
  } finally {
    clearTimeout(timer);
  }
}

/** The kind of failure, not its text: whoever may ask must not read addresses and names from it. */
const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return 'unknown';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
};
