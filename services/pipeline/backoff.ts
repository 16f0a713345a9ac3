/** Milliseconds to wait before attempt `n` (1 for the first repetition): doubling, capped, with full jitter in its upper half. */
export function backoff(n: number, random: () => number, { first = 100, most = 30_000 } = {}): number {
  const ceiling = Math.min(most, first * 2 ** Math.min(n - 1, 30));
  return ceiling / 2 + random() * (ceiling / 2);
}
