import type { TokenRevocations } from '../../services/pipeline/ports/token-revocations.ts';
import type { KeyTables } from './memory-tables.ts';

/** Memory twin of the revoked tokens, over the tables of the accepted requests. */
export const createMemoryTokenRevocations = ({ disowned }: KeyTables): TokenRevocations => ({
  async since(mark, take) {
    take([...disowned.values()]);
    return mark + 1;
  },
  async prune(now) {
    const over = [...disowned].filter(([, { until }]) => until <= now);
    for (const [name] of over) disowned.delete(name);
    return over.length;
  },
});
