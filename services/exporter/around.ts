import type { Sink } from '../pipeline/ports/sink.ts';

/** A sink with some of its calls replaced. A sink may be of any kind, so none of its members is copied. */
export const around = (sink: Sink, over: Partial<Sink>): Sink => ({
  check: () => sink.check(),
  put: (rows, delivery, keep) => sink.put(rows, delivery, keep),
  position: (partition) => sink.position(partition),
  erase: (owners) => sink.erase(owners),
  remove: (selections) => sink.remove(selections),
  ...(sink.held ? { held: sink.held.bind(sink) } : {}),
  close: () => sink.close(),
  ...over,
});
