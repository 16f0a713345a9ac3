import type { Sink } from '../pipeline/ports/sink.ts';
import { around } from './around.ts';

/** A sink that gets rows of these event types alone. @param types null: of all */
export function onlyTypes(sink: Sink, types: readonly string[] | null): Sink {
  if (types === null) return sink;
  const wanted = new Set(types);
  return around(sink, {
    put: (rows, delivery, keep) =>
      sink.put(
        rows.filter((row) => wanted.has(row.type)),
        delivery,
        keep,
      ),
  });
}
