import { availableParallelism } from 'node:os';
import { setFlagsFromString } from 'node:v8';

/**
 * V8 collects garbage on several threads. Where this process has one core, they only take turns with the thread that waits for them, and its pauses
 * become several times as long: there the main thread does it alone.
 */
export function collectAloneOnOneCore(): void {
  if (availableParallelism() > 1) return;
  setFlagsFromString('--no-parallel-scavenge');
}
