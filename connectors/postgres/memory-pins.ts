import type { Pin, Pins } from '../../services/pipeline/ports/pins.ts';

/** Memory twin of `pins.ts`. */
export function createMemoryPins(): Pins {
  const rows = new Map<string, Pin>();
  return {
    async record(pins) {
      for (const pin of pins) {
        const key = `${pin.cluster}/${pin.root}`;
        if (!rows.has(key)) rows.set(key, pin);
      }
    },
    async upTo(partition, mark) {
      const found = [...rows.values()].filter((pin) => pin.partition === partition && pin.last <= mark);
      return found.sort((a, b) => a.last - b.last || (a.cluster < b.cluster ? -1 : 1));
    },
  };
}
