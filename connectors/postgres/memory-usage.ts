import type { Usage } from '../../services/pipeline/ports/usage.ts';

/** Memory twin of what apps have used. */
export function createMemoryUsage(): Usage {
  const totals = new Map<string, { readonly period: number; readonly operations: number }>();
  return {
    async add(counted) {
      return counted.map(({ app, period, operations }) => {
        const key = `${Buffer.from(app).toString('hex')} ${period}`;
        const total = (totals.get(key)?.operations ?? 0) + operations;
        if (operations > 0) totals.set(key, { period, operations: total });
        return total;
      });
    },
    async forget(before) {
      for (const [key, { period }] of totals) if (period < before) totals.delete(key);
    },
  };
}
