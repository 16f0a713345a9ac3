import type { Sink } from '../../services/pipeline/ports/sink.ts';

/** The same sink, its errors told apart: what its target is to blame for, and what is a bug. */
export function weatherproof(sink: Sink, toSinkError: (error: unknown) => unknown): Sink {
  const told = async <T>(call: Promise<T>): Promise<T> => {
    try {
      return await call;
    } catch (error) {
      throw toSinkError(error);
    }
  };
  const held = sink.held?.bind(sink);
  return {
    check: () => told(sink.check()),
    put: (rows, delivery, keep) => told(sink.put(rows, delivery, keep)),
    position: (partition) => told(sink.position(partition)),
    erase: (owners) => told(sink.erase(owners)),
    remove: (selections) => told(sink.remove(selections)),
    ...(held ? { held: (show: Parameters<typeof held>[0]) => told(held(show)) } : {}),
    close: () => told(sink.close()),
  };
}
