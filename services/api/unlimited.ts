/** Who watches the process must see it under any load: addresses that no limit is on. */
export const UNLIMITED: ReadonlySet<string> = new Set(['/livez', '/readyz', '/metrics']);
