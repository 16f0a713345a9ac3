/** How many of each key are under way. The table holds only those, so it is as large as the requests under way. */
export interface InFlight {
  /** null: as many as may be are under way. Otherwise call it once, when this one is over. */
  enter(key: string): (() => void) | null;
  readonly size: number;
}

export function createInFlight(most: number): InFlight {
  const counts = new Map<string, number>();
  return {
    enter(key) {
      const count = counts.get(key) ?? 0;
      if (count >= most) return null;
      counts.set(key, count + 1);
      let over = false;
      return () => {
        if (over) return;
        over = true;
        const left = (counts.get(key) ?? 0) - 1;
        if (left > 0) counts.set(key, left);
        else counts.delete(key);
      };
    },
    get size() {
      return counts.size;
    },
  };
}
